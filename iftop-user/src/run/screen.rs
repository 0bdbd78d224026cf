//! The loop of the live table.
use super::{Ending, Session};
use anyhow::Result;
pub(super) async fn run(_session: Session<'_>) -> Result<Ending> {
    Ok(Ending::Done)
}
