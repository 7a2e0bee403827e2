//! `--database NAME`: a part of a list.

use std::collections::BTreeSet;

use anyhow::bail;

use super::list::List;

/// Keeps only these databases; all if no name is given. A name is an identifier or an ARN.
pub(super) fn databases(list: &mut List, names: &[String]) -> anyhow::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    for name in names {
        if !list.databases.keys().any(|key| is_named(key.name.as_deref(), name)) {
            bail!("no database `{name}` in the list{}", suggestion(list, name));
        }
    }
    list.databases.retain(|key, _| names.iter().any(|name| is_named(key.name.as_deref(), name)));
    Ok(())
}

/// The identifier is the last part of an ARN.
fn is_named(database: Option<&str>, name: &str) -> bool {
    database.is_some_and(|database| database == name || identifier(database) == name)
}

fn identifier(database: &str) -> &str {
    match database.strip_prefix("arn:") {
        Some(arn) => arn.rsplit(':').next().unwrap_or(arn),
        None => database,
    }
}

fn suggestion(list: &List, name: &str) -> String {
    let known: BTreeSet<&str> = list.databases.keys().filter_map(|key| key.name.as_deref()).map(identifier).collect();
    let nearest = known.iter().map(|known| (strsim::damerau_levenshtein(known, name), *known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= 1 + nearest.len() / 5 => format!("; did you mean `{nearest}`?"),
        Some(_) => "; --summary shows the names of its databases".to_owned(),
        None => "; it has no database names".to_owned(),
    }
}
