//! A large table is read in pieces: ranges of pages in PostgreSQL, and of keys in MySQL.

/// What a table is divided by. Its pieces have no gap and no overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    unit: Unit,
    /// The first page or key.
    pub(crate) first: i128,
    /// The last page or key.
    last: i128,
    /// The number of pages or keys in a piece.
    step: i128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Unit {
    /// A page of PostgreSQL. A row is addressed by its page.
    Page,
    /// A value of the primary key, which is this quoted column.
    Key(String),
}

impl Pieces {
    /// The pages of a table. `None` if one piece is enough.
    pub(crate) fn of_pages(bytes: i128, page_bytes: i128, piece_bytes: u64) -> Option<Self> {
        let (pages, step) = (bytes / page_bytes.max(1), i128::from(piece_bytes) / page_bytes.max(1));
        (pages > step.max(1)).then_some(Self { unit: Unit::Page, first: 0, last: pages - 1, step: step.max(1) })
    }

    /// The keys of a table, which may be spread unevenly. `None` if one piece is enough.
    pub(crate) fn of_keys(column: String, (first, last): (i128, i128), bytes: i128, piece_bytes: u64) -> Option<Self> {
        let pieces = bytes / i128::from(piece_bytes).max(1) + 1;
        let step = ((last - first + 1) / pieces).max(1);
        (pieces > 1 && last > first).then_some(Self { unit: Unit::Key(column), first, last, step })
    }

    /// The condition for the piece that begins here, and where the next one begins. The last piece has no upper end, so
    /// no row is left out.
    pub(crate) fn piece(&self, from: i128) -> (String, Option<i128>) {
        let next = Some(from + self.step).filter(|next| *next <= self.last);
        let bound = |at: i128| match &self.unit {
            Unit::Page => format!("'({at},0)'::tid"),
            Unit::Key(_) => at.to_string(),
        };
        let column = match &self.unit {
            Unit::Page => "ctid",
            Unit::Key(column) => column,
        };
        let mut condition = format!(" where {column} >= {}", bound(from));
        if let Some(next) = next {
            condition.push_str(&format!(" and {column} < {}", bound(next)));
        }
        (condition, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &Pieces) -> Vec<String> {
        let (mut conditions, mut from) = (Vec::new(), Some(pieces.first));
        while let Some(at) = from {
            let (condition, next) = pieces.piece(at);
            conditions.push(condition);
            from = next;
        }
        conditions
    }

    #[test]
    fn pages_are_divided_without_gap() {
        let pieces = Pieces::of_pages(5 * 8192, 8192, 2 * 8192).unwrap();
        assert_eq!(
            all(&pieces),
            [
                " where ctid >= '(0,0)'::tid and ctid < '(2,0)'::tid",
                " where ctid >= '(2,0)'::tid and ctid < '(4,0)'::tid",
                " where ctid >= '(4,0)'::tid"
            ]
        );
        assert_eq!(Pieces::of_pages(2 * 8192, 8192, 2 * 8192), None);
        assert_eq!(Pieces::of_pages(0, 8192, 1), None);
    }

    #[test]
    fn keys_are_divided_without_gap() {
        let pieces = Pieces::of_keys("`id`".to_owned(), (-5, 4), 250, 100).unwrap();
        assert_eq!(
            all(&pieces),
            [
                " where `id` >= -5 and `id` < -2",
                " where `id` >= -2 and `id` < 1",
                " where `id` >= 1 and `id` < 4",
                " where `id` >= 4"
            ]
        );
        assert_eq!(Pieces::of_keys("`id`".to_owned(), (1, 9), 99, 100), None);
        assert_eq!(Pieces::of_keys("`id`".to_owned(), (7, 7), 250, 100), None);
        let all_keys = (0, i128::from(u64::MAX));
        assert_eq!(all(&Pieces::of_keys("k".to_owned(), all_keys, 10, 1).unwrap()).len(), 12);
    }
}
