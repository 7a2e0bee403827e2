//! Which glibc a program asks for.

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

/// The newest version that any symbol of this program is asked for in, by its table of needed versions.
pub(super) fn asked_for(program: &[u8]) -> anyhow::Result<Version> {
    let header = FileHeader64::<Endianness>::parse(program).context("it is no 64-bit ELF file")?;
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let (mut libraries, texts) = sections.gnu_verneed(endian, program)?.context("it asks for no version of glibc")?;
    let texts = sections.strings(endian, program, texts)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            newest = newest.max(parse(std::str::from_utf8(version.name(endian, texts)?)?)?);
        }
    }
    newest.context("it asks for no version of glibc")
}

/// What the name of a version says of glibc; of other libraries, nothing.
fn parse(name: &str) -> anyhow::Result<Option<Version>> {
    let Some(version) = name.strip_prefix("GLIBC_") else { return Ok(None) };
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok(Some(Version(major, minor))),
        // GLIBC_PRIVATE is one build's own, and GLIBC_ABI_DT_RELR is newer than any that Lambda has.
        _ => bail!("it asks for {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, asked_for, parse};

    #[test]
    fn a_symbol_that_is_newer_than_the_rest_is_noticed() {
        // This program's own needs, one of which is made a newer one.
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let asks = asked_for(&program).unwrap();
        let name = format!("\0GLIBC_{}.{}\0", asks.0, asks.1).into_bytes();
        let at: Vec<usize> =
            program.windows(name.len()).enumerate().filter(|(_, found)| *found == name).map(|(at, _)| at).collect();
        assert!(!at.is_empty(), "{asks} stands nowhere in the program that asks for it");
        for at in at {
            program[at + name.len() - 3..at + name.len() - 1].copy_from_slice(b"99");
        }
        assert_eq!(asked_for(&program).unwrap(), Version(asks.0, 99));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("GLIBC_2.2.5").unwrap(), Some(Version(2, 2)));
        assert!(parse("GLIBC_2.34").unwrap() > parse("GLIBC_2.4").unwrap());
        assert_eq!(parse("GCC_3.0").unwrap(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for name in ["GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"] {
            assert_eq!(parse(name).unwrap_err().to_string(), format!("it asks for {name}"));
        }
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert_eq!(asked_for(b"#!/bin/sh\n").unwrap_err().to_string(), "it is no 64-bit ELF file");
    }
}
