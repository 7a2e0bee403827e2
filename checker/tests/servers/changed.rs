//! Data that are intact, and not what they were.

use checks::{Profile, Thresholds, compare};

use crate::support::{PRODUCTS, Server, verify};

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn missing_tables_lost_rows_and_encrypted_columns_are_found() {
    for product in PRODUCTS {
        let server = Server::new(product);
        let last = Profile::of(&verify(&server.task(&[])).await.0);
        assert_eq!(compare(&last, &last, &Thresholds::default()), []);
        server.write("drop table secrets");
        server.write("delete from items where id > 499");
        let encrypted = server.either(
            "update items set name = encode(sha256(name::bytea), 'base64')",
            "alter table items modify name varchar(64); update items set name = to_base64(unhex(sha2(name, 256)))",
        );
        server.write(&encrypted);
        let now = Profile::of(&verify(&server.task(&[])).await.0);
        let changes: Vec<_> = compare(&last, &now, &Thresholds::default()).iter().map(ToString::to_string).collect();
        let prefix = server.either("shop.public", "shop");
        assert_eq!(changes[0], format!("table {prefix}.items: 499 rows, and 1000 before"));
        let encrypted = format!("table {prefix}.items: column name looks encrypted");
        assert!(changes.iter().any(|change| change.starts_with(&encrypted)), "{changes:?}");
        // Hexadecimal is no more random than the names were.
        server.write(&server.either(
            "update items set name = encode(sha256(name::bytea), 'hex')",
            "update items set name = sha2(name, 256)",
        ));
        let hexadecimal = Profile::of(&verify(&server.task(&[])).await.0);
        let longer = compare(&last, &hexadecimal, &Thresholds::default());
        assert!(longer.iter().any(|change| change.to_string().starts_with(&encrypted)), "{longer:?}");
        let gone = format!("table {prefix}.secrets: missing, and it was there before");
        assert_eq!(changes.last(), Some(&gone));
    }
}
