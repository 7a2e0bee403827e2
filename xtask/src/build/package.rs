//! The zip in which Lambda gets a program.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

/// One file, which `provided.al2023` starts if it is called `bootstrap`. What else the zip says of it is always the
/// same: 1980, when time begins in zips, and that anybody may run it.
pub(crate) fn zip(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let always = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o755);
    zip.start_file("bootstrap", always)?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use zip::{DateTime, ZipArchive};

    #[test]
    fn a_zip_holds_one_file_that_anybody_may_run_and_no_time() {
        let mut zip = ZipArchive::new(Cursor::new(super::zip(b"a program").unwrap())).unwrap();
        assert_eq!(zip.len(), 1);
        let mut file = zip.by_index(0).unwrap();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(
            (file.name().unwrap().as_ref(), file.unix_mode(), file.last_modified(), content.as_str()),
            ("bootstrap", Some(0o100_755), Some(DateTime::default()), "a program")
        );
    }
}
