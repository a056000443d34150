pub mod error;
pub mod stats;
pub mod clock;
pub mod machine;
pub mod results;
