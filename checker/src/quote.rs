//! Names and texts in statements.

use checks::{ObjectName, Product};

/// A name, quoted.
pub(crate) fn identifier(product: Product, name: &str) -> String {
    match product {
        Product::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Product::Mysql => format!("`{}`", name.replace('`', "``")),
    }
}

/// The name of a table, quoted. PostgreSQL knows only the tables of the connection's database.
pub(crate) fn table(product: Product, name: &ObjectName) -> String {
    let outer = name.schema.as_deref().unwrap_or(&name.database);
    format!("{}.{}", identifier(product, outer), identifier(product, &name.name))
}

/// A text, quoted.
pub(crate) fn literal(product: Product, text: &str) -> String {
    match product {
        // `E` reads the same with every setting of `standard_conforming_strings`.
        Product::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        // Hexadecimal, which does not depend on `NO_BACKSLASH_ESCAPES`.
        Product::Mysql => {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("convert(x'{hex}' using utf8mb4)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(identifier(Product::Postgres, "a\"b`c"), "\"a\"\"b`c\"");
        assert_eq!(identifier(Product::Mysql, "a\"b`c"), "`a\"b``c`");
        assert_eq!(table(Product::Postgres, &ObjectName::in_schema("d", "S", "t")), "\"S\".\"t\"");
        assert_eq!(table(Product::Mysql, &ObjectName::in_database("d", "t")), "`d`.`t`");
        assert_eq!(literal(Product::Postgres, "it's \\"), "E'it''s \\\\'");
        assert_eq!(literal(Product::Mysql, "a'"), "convert(x'6127' using utf8mb4)");
    }
}
