//! The phases of a recipe, each with the time that it took.

use std::time::Instant;

use super::Lab;
use crate::{error::Result, results::Sample};

/// What is under way, and since when.
#[derive(Debug, Clone)]
pub struct Phase {
    name: String,
    begun: Instant,
}

impl Lab {
    /// Ends the phase that is under way, and begins another.
    pub fn begin_phase(&mut self, name: &str) -> Result<()> {
        self.comment(name);
        self.end_phase()?;
        if self.acts() {
            self.phase = Some(Phase { name: name.to_owned(), begun: Instant::now() });
        }
        Ok(())
    }

    /// Keeps its seconds as a sample; one that was cut short is kept as well.
    pub fn end_phase(&mut self) -> Result<()> {
        match self.phase.take() {
            Some(Phase { name, begun }) => {
                self.sample(Sample::new("phase", &name, "phase_s", begun.elapsed().as_secs_f64())?)
            }
            None => Ok(()),
        }
    }
}
