//! The line that is being edited, in place of hint and labels.

use super::canvas::Canvas;
use crate::app::editor::Editor;

/// In the first row; a long line moves so that the cursor is on screen.
pub(super) fn draw(canvas: &mut Canvas<'_>, question: &str, editor: &Editor) {
    let width = canvas.width();
    canvas.text(0, 0, &" ".repeat(width.into()));
    let start = canvas.field(0, 0, question, width);
    let room = usize::from(width.saturating_sub(start));
    if room == 0 {
        return;
    }
    // The cursor needs a cell behind the text.
    let hidden = (editor.cursor() + 1).saturating_sub(room);
    canvas.text(start, 0, &editor.text()[hidden..]);
    if let Ok(cursor) = u16::try_from(editor.cursor() - hidden) {
        canvas.reverse(start + cursor, 0, 1);
    }
}
