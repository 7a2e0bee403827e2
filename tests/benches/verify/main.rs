//! What verifications take: one of 100 GiB, those of a fleet for weeks, and the checker's reading. Prints one JSON line per result.
//!
//! The first two run the deployed functions in virtual time, so they are the same in every run. There is no data: the checker's answers are
//! those of [`scripted`]. The third reads tables of real servers, in real time.

mod fleet;
mod one;
mod prices;
mod read;
mod scripted;

/// With names of results as arguments (`one`, `fleet`, `read`), only these run. Numbers are the numbers of verifications at once of the fleet.
fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let numbers: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let is_asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !["one", "fleet", "read"].into_iter().any(is_asked);
    if all || is_asked("one") {
        one::run()?;
    }
    if all || is_asked("fleet") {
        fleet::run(&numbers)?;
    }
    if all || is_asked("read") {
        read::run()?;
    }
    Ok(())
}

/// A runtime with a paused clock, so that virtual time passes as fast as the machine allows.
fn paused() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

fn rounded(value: f64, by: f64) -> f64 {
    (value * by).round() / by
}
