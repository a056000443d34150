//! Taking back what was done to a cluster.

use super::member;
use crate::{error::Result, journal::Before};

/// Brings the machine back to what it was before; none where the change is of another kind.
pub fn revert(before: &Before) -> Option<Result<()>> {
    match before {
        Before::Member { socket } => Some(member::revert(socket)),
        _ => None,
    }
}
