//! The zip of a program for Lambda.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

/// How much time a smaller zip is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Least,
    Most,
}

/// A zip with one file, `bootstrap`, which `provided.al2023` starts. Its time and permissions are always the same (1980, the
/// earliest time in a zip; executable by all), so that the zip depends only on the program.
pub(crate) fn zip(program: &[u8], effort: Effort) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let level = match effort {
        Effort::Least => 1,
        // Levels above 9 are Zopfli, which takes half a minute and saves 6%.
        Effort::Most => 14,
    };
    let always = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o755);
    zip.start_file("bootstrap", always.compression_level(Some(level)))?;
    zip.write_all(program)?;
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use zip::{DateTime, ZipArchive};

    #[test]
    fn zip_has_one_executable_file_without_time() {
        for effort in [super::Effort::Least, super::Effort::Most] {
            let mut zip = ZipArchive::new(Cursor::new(super::zip(b"a program", effort).unwrap())).unwrap();
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
}
