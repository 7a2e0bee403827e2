//! The version of glibc that a program requires.

use std::fmt;

use anyhow::{Context, bail};
use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::FileHeader;

/// A version of glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "glibc {}.{}", self.0, self.1)
    }
}

/// The newest version that any symbol of this program requires, by its table of needed versions.
pub(super) fn required(program: &[u8]) -> anyhow::Result<Version> {
    let header = FileHeader64::<Endianness>::parse(program).context("not a 64-bit ELF file")?;
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let (mut libraries, texts) = sections.gnu_verneed(endian, program)?.context("it requires no version of glibc")?;
    let texts = sections.strings(endian, program, texts)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            newest = newest.max(parse(std::str::from_utf8(version.name(endian, texts)?)?)?);
        }
    }
    newest.context("it requires no version of glibc")
}

/// The version of glibc in the name of a version; `None` for other libraries.
fn parse(name: &str) -> anyhow::Result<Option<Version>> {
    let Some(version) = name.strip_prefix("GLIBC_") else { return Ok(None) };
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok(Some(Version(major, minor))),
        // GLIBC_PRIVATE works only with one build of glibc, and GLIBC_ABI_DT_RELR is newer than Lambda's.
        _ => bail!("it requires {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, parse, required};

    #[test]
    fn newest_symbol_determines_the_version() {
        // The requirements of this test program, one of which is changed to a newer version.
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let found = required(&program).unwrap();
        let name = format!("\0GLIBC_{}.{}\0", found.0, found.1).into_bytes();
        let at: Vec<usize> =
            program.windows(name.len()).enumerate().filter(|(_, found)| *found == name).map(|(at, _)| at).collect();
        assert!(!at.is_empty(), "the program does not contain {found}");
        for at in at {
            program[at + name.len() - 3..at + name.len() - 1].copy_from_slice(b"99");
        }
        assert_eq!(required(&program).unwrap(), Version(found.0, 99));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("GLIBC_2.2.5").unwrap(), Some(Version(2, 2)));
        assert!(parse("GLIBC_2.34").unwrap() > parse("GLIBC_2.4").unwrap());
        assert_eq!(parse("GCC_3.0").unwrap(), None);
    }

    #[test]
    fn names_without_number_are_refused() {
        for name in ["GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"] {
            assert_eq!(parse(name).unwrap_err().to_string(), format!("it requires {name}"));
        }
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(required(b"#!/bin/sh\n").unwrap_err().to_string(), "not a 64-bit ELF file");
    }
}
