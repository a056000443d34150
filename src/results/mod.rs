//! What a run leaves on disk: facts, samples, proofs, and the registry that knows every metric.

pub mod comparison;
pub mod metric;
pub mod proof;
pub mod run;
pub mod sample;
pub mod section;
pub mod store;

pub use metric::{Better, Metric};
pub use proof::Proof;
pub use run::{Outcome, Run};
pub use sample::Sample;
pub use section::Section;
pub use store::{Record, Writer};
