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
    pub(crate) fn of_pages(pages: i128, bytes: i128, piece_bytes: u64) -> Option<Self> {
        Self::new(Unit::Page, (0, pages - 1), bytes, piece_bytes)
    }

    /// The keys of a table, which may be spread unevenly. `None` if one piece is enough.
    pub(crate) fn of_keys(column: String, ends: (i128, i128), bytes: i128, piece_bytes: u64) -> Option<Self> {
        Self::new(Unit::Key(column), ends, bytes, piece_bytes)
    }

    fn new(unit: Unit, (first, last): (i128, i128), bytes: i128, piece_bytes: u64) -> Option<Self> {
        let rounded_up = |number: i128, by: i128| (number + by - 1) / by;
        let pieces = rounded_up(bytes, i128::from(piece_bytes).max(1));
        (pieces > 1 && last > first).then(|| Self { unit, first, last, step: rounded_up(last - first + 1, pieces) })
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
        let pieces = Pieces::of_pages(5, 50_000, 20_000).unwrap();
        assert_eq!(
            all(&pieces),
            [
                " where ctid >= '(0,0)'::tid and ctid < '(2,0)'::tid",
                " where ctid >= '(2,0)'::tid and ctid < '(4,0)'::tid",
                " where ctid >= '(4,0)'::tid"
            ]
        );
        assert_eq!(Pieces::of_pages(2, 20_000, 20_000), None);
        assert_eq!(Pieces::of_pages(0, 0, 1), None);
        // The long values of two pages.
        assert_eq!(all(&Pieces::of_pages(2, 1 << 30, 1 << 20).unwrap()).len(), 2);
    }

    #[test]
    fn keys_are_divided_without_gap() {
        let pieces = Pieces::of_keys("`id`".to_owned(), (-5, 4), 250, 100).unwrap();
        assert_eq!(
            all(&pieces),
            [" where `id` >= -5 and `id` < -1", " where `id` >= -1 and `id` < 3", " where `id` >= 3"]
        );
        assert_eq!(Pieces::of_keys("`id`".to_owned(), (1, 9), 99, 100), None);
        assert_eq!(Pieces::of_keys("`id`".to_owned(), (7, 7), 250, 100), None);
        let all_keys = (0, i128::from(u64::MAX));
        assert_eq!(all(&Pieces::of_keys("k".to_owned(), all_keys, 10, 1).unwrap()).len(), 10);
    }
}
