//! Text into a frame: clipped at its edges, so that no size of a terminal is a special case.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
    widgets::Widget,
};

/// A frame, written by column and row from its upper left corner.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(frame: &'a mut Frame<'_>) -> Self {
        let area = frame.area();
        Self { buffer: frame.buffer_mut(), area }
    }

    /// To be copied elsewhere.
    pub(super) fn of(buffer: &'a mut Buffer) -> Self {
        let area = buffer.area;
        Self { buffer, area }
    }

    /// Puts so many rows of a page here, as wide as this, from one of its rows on.
    pub(super) fn copy(&mut self, top: u16, height: u16, page: &Buffer, first: u16) {
        for row in 0..height.min(self.area.height.saturating_sub(top)) {
            for column in 0..self.area.width.min(page.area.width) {
                if let Some(cell) = page.cell((column, first + row)) {
                    self.buffer[(self.area.x + column, self.area.y + top + row)] = cell.clone();
                }
            }
        }
    }

    /// Draws somebody else's.
    pub(super) fn widget(
        &mut self,
        column: u16,
        row: u16,
        width: u16,
        height: u16,
        widget: impl Widget,
    ) {
        let area = Rect::new(self.area.x + column, self.area.y + row, width, height);
        widget.render(area.intersection(self.area), self.buffer);
    }

    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    pub(super) fn text(&mut self, column: u16, row: u16, text: &str) {
        self.field(column, row, text, self.area.width);
    }

    /// Writes no more than `width` columns; says how many it wrote.
    pub(super) fn field(&mut self, column: u16, row: u16, text: &str, width: u16) -> u16 {
        let Some(Position { x, y }) = self.position(column, row) else { return 0 };
        let width = width.min(self.area.right() - x);
        let (end, _) = self.buffer.set_stringn(x, y, text, width.into(), Style::new());
        end - x
    }

    /// Changes the look of what stands there.
    pub(super) fn style(&mut self, column: u16, row: u16, width: u16, style: Style) {
        if let Some(Position { x, y }) = self.position(column, row) {
            let cells = Rect::new(x, y, width.min(self.area.right() - x), 1);
            self.buffer.set_style(cells, style);
        }
    }

    /// Writes in reverse video over whatever stands there.
    pub(super) fn reversed_text(&mut self, column: u16, row: u16, text: &str) {
        let written = self.field(column, row, text, self.area.width);
        self.reverse(column, row, written);
    }

    /// Turns what stands there to reverse video.
    pub(super) fn reverse(&mut self, column: u16, row: u16, width: u16) {
        self.style(column, row, width, Modifier::REVERSED.into());
    }

    fn position(&self, column: u16, row: u16) -> Option<Position> {
        (column < self.area.width && row < self.area.height)
            .then(|| Position { x: self.area.x + column, y: self.area.y + row })
    }
}
