//! What a run leaves on disk: facts, samples, proofs, and the registry that knows every metric.

mod addition;
pub mod beside;
pub mod check;
pub mod comparison;
pub mod likeness;
pub mod metric;
mod origin;
pub mod proof;
pub mod reading;
pub mod reference;
pub mod registry;
pub mod run;
pub mod sample;
pub mod section;
pub mod selection;
pub mod store;
pub mod writer;

pub use metric::{Better, Metric};
pub use origin::Origins;
pub use proof::Proof;
pub use reading::{Figure, Reading, Verdict};
pub use run::{Outcome, Run};
pub use sample::Sample;
pub use section::Section;
pub use selection::Selection;
pub use store::Record;
pub use writer::Writer;
