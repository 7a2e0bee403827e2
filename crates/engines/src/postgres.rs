//! PostgreSQL.
//!
//! Users and databases are created in single-user mode, which needs no socket, and which also recovers and replays. All
//! of the log (WAL) is kept in `pg_wal`, so nothing is archived: a replay copies it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use nix::sys::signal::Signal;
use sim::servers::{Failure, NewVolume};

use crate::folder::Folder;
use crate::process::{Process, command, copy_folder, run};
use crate::product::{Place, Position, Product, Until};
use crate::programs::{failure, random};

pub(crate) const NAME: &str = "PostgreSQL";

#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    /// The password of `rdsadmin` at the local socket.
    password: String,
}

/// Who may connect, and how. `rdsadmin` exists, but not for the network, and others must use TLS: "rds.force_ssl" is 1 by
/// default in PostgreSQL 15 and later (RDS User Guide).
const RULES: &str = "\
local   all rdsadmin scram-sha-256
host    all rdsadmin all reject
hostssl all all      all scram-sha-256
";

/// How servers run. A process may be killed at any time, but the machine is not expected to fail: nothing is synchronised
/// to disk.
const SETTINGS: [&str; 10] = [
    "fsync=off",
    "shared_buffers=16MB",
    // Files in the data folder, which a killed server cannot leave behind.
    "dynamic_shared_memory_type=mmap",
    // Everything since the base is kept.
    "wal_keep_size=1TB",
    "max_wal_size=256MB",
    "wal_init_zero=off",
    "wal_recycle=off",
    "log_timezone=UTC",
    "timezone=UTC",
    "hot_standby=off",
];

/// Where `rdsadmin` runs statements. The master user owns the database `postgres`, so it can drop it, and its settings would decide
/// which functions `rdsadmin` calls.
const OWN_DATABASE: &str = "template1";

/// Keeps the master user from what reaches files and programs of the machine. In PostgreSQL 15, a role with `CREATEROLE` may
/// grant every role except those of superusers, so these become such roles. No one can log in as them, and no one is a member.
const PROTECTION: &str = "\
UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname IN \
('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files');
";

/// What RDS's `rds_superuser` may do ("The rds_superuser role", RDS User Guide), as far as PostgreSQL itself has it.
const RDS_SUPERUSER: &str = "\
CREATE ROLE rds_superuser NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION;
GRANT SET ON PARAMETER session_replication_role TO rds_superuser WITH GRANT OPTION;
";

impl Postgres {
    pub(crate) fn new(programs: PathBuf) -> Self {
        let mut random = random();
        Self { programs, password: (0..32).map(|_| random.alphanumeric()).collect() }
    }

    /// Runs statements in a data folder without a server, each on a line of its own. Recovery comes first, if it is needed.
    fn single(&self, place: &Place, settings: &[String], statements: &str, folder: &Folder) -> Result<(), Failure> {
        let mut single = command(self.programs.join("postgres"), folder);
        single.arg("--single").arg("-D").arg(place.data());
        // An error of a statement ends the command.
        let settings = SETTINGS.iter().copied().chain(settings.iter().map(String::as_str));
        for setting in settings.chain(["exit_on_error=on"]) {
            single.args(["-c", setting]);
        }
        single.arg(OWN_DATABASE);
        run(&mut single, statements).map(drop)
    }

    /// Runs statements as `rdsadmin` in a server that runs.
    fn psql(&self, place: &Place, statements: &str, folder: &Folder) -> Result<(), Failure> {
        let mut psql = command(self.programs.join("psql"), folder);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "rdsadmin", "-d", OWN_DATABASE, "-h"]).arg(place.path());
        psql.env("PGPASSWORD", &self.password);
        psql.args(["-p", &port(place)?]);
        run(&mut psql, statements).map(drop)
    }
}

impl Product for Postgres {
    fn name(&self) -> &'static str {
        NAME
    }

    fn make_template(&self, template: &Place, folder: &Folder) -> Result<(), Failure> {
        let mut initdb = command(self.programs.join("initdb"), folder);
        initdb.arg("-D").arg(template.data()).args(["-U", "rdsadmin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        // Small files of the log, so that volumes are small.
        initdb.args(["--no-sync", "--no-instructions", "--wal-segsize=1"]);
        run(&mut initdb, "")?;
        let own = password_statement("rdsadmin", &self.password);
        self.single(template, &[], &format!("{RDS_SUPERUSER}{PROTECTION}{own}"), folder)
    }

    fn fill(&self, place: &Place, contents: &NewVolume, folder: &Folder) -> Result<(), Failure> {
        let master = identifier(&contents.master_username);
        let password = contents.master_password.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        // "CREATEROLE, CREATEDB, PASSWORD VALID UNTIL INFINITY" and "rds_superuser" (RDS User Guide, master user).
        let mut statements = format!(
            "CREATE ROLE {master} LOGIN CREATEROLE CREATEDB PASSWORD {password} VALID UNTIL 'infinity' IN ROLE rds_superuser;\n\
             ALTER DATABASE postgres OWNER TO {master};\n"
        );
        if let Some(database) = contents.database.as_deref().filter(|name| *name != "postgres") {
            statements.push_str(&format!("CREATE DATABASE {} OWNER {master};\n", identifier(database)));
        }
        self.single(place, &[], &statements, folder)
    }

    fn recover(&self, place: &Place, folder: &Folder) -> Result<(), Failure> {
        // These keep a copy from starting.
        for name in ["postmaster.pid", "postmaster.opts"] {
            let _ = fs::remove_file(place.data().join(name));
        }
        self.single(place, &[], "", folder)
    }

    fn start(&self, place: &Place, address: SocketAddr, folder: &Folder) -> Result<Process, Failure> {
        write(&place.path().join("pg_hba.conf"), RULES, folder)?;
        let pid_file = place.data().join("postmaster.pid");
        let _ = fs::remove_file(&pid_file);
        let mut settings: Vec<String> = SETTINGS.iter().map(|setting| (*setting).to_owned()).collect();
        settings.extend([
            format!("listen_addresses={}", address.ip()),
            format!("port={}", address.port()),
            format!("unix_socket_directories={}", place.path().display()),
            format!("hba_file={}", place.file("pg_hba.conf")),
            "password_encryption=scram-sha-256".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", place.file("server.crt")),
            format!("ssl_key_file={}", place.file("server.key")),
        ]);
        let mut args = vec!["-D".to_owned(), place.data().display().to_string()];
        args.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        let log = place.log();
        let mut process = Process::start(&self.programs.join("postgres"), args, self.end_signal(), &log, folder)?;
        // "ready" is in the file once the server accepts connections.
        let is_ready = || {
            fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
        };
        process.wait_until(&log, is_ready)?;
        Ok(process)
    }

    /// The fast shutdown, which does not wait for clients.
    fn stop_signal(&self) -> Signal {
        Signal::SIGINT
    }

    /// The immediate shutdown. Killed, the server could not remove its shared memory.
    fn end_signal(&self) -> Signal {
        Signal::SIGQUIT
    }

    fn reload(&self, _: &Place, process: &Process, _: &Folder) -> Result<(), Failure> {
        process.signal(Signal::SIGHUP);
        Ok(())
    }

    fn set_password(&self, place: &Place, user: &str, password: &str, folder: &Folder) -> Result<(), Failure> {
        self.psql(place, &password_statement(user, password), folder)
    }

    fn set_password_of_stopped(
        &self,
        place: &Place,
        user: &str,
        password: &str,
        folder: &Folder,
    ) -> Result<(), Failure> {
        self.single(place, &[], &password_statement(user, password), folder)
    }

    /// A replay ends at the first commit that is too late, and fails if there is none. So a commit is made now.
    fn mark(&self, place: &Place, folder: &Folder) -> Result<(), Failure> {
        self.psql(place, "SELECT pg_logical_emit_message(true, 'draco', '');", folder)
    }

    fn replay(&self, source: &Place, until: Option<Until>, place: &Place, folder: &Folder) -> Result<(), Failure> {
        copy_folder(&source.data().join("pg_wal"), &place.data().join("pg_wal"))?;
        write(&place.data().join("recovery.signal"), "", folder)?;
        let mut settings = vec![
            // All of the log is in pg_wal.
            "restore_command=false".to_owned(),
            "recovery_target_timeline=current".to_owned(),
            "recovery_target_action=promote".to_owned(),
        ];
        if let Some(until) = until {
            let time = DateTime::<Utc>::from(until.time).format("%Y-%m-%d %H:%M:%S%.6f+00");
            settings.extend([format!("recovery_target_time={time}"), "recovery_target_inclusive=off".to_owned()]);
        }
        self.single(place, &settings, "", folder)
    }

    fn position(&self, _: &Place) -> Option<Position> {
        // Each commit in the log has its time, to the microsecond.
        None
    }
}

/// Writes a file for the server.
fn write(path: &Path, text: &str, folder: &Folder) -> Result<(), Failure> {
    let written = fs::write(path, text).and_then(|()| folder.owner.give(path));
    written.map_err(|error| failure(format!("writing {}: {error}", path.display())))
}

/// The port of the server that runs, which its socket has in its name.
fn port(place: &Place) -> Result<String, Failure> {
    let pid_file = fs::read_to_string(place.data().join("postmaster.pid")).unwrap_or_default();
    let port = pid_file.lines().nth(3).map(str::to_owned);
    port.ok_or_else(|| failure("the server does not run"))
}

fn password_statement(user: &str, password: &str) -> String {
    format!("ALTER ROLE {} PASSWORD {};\n", identifier(user), literal(password))
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's \\ here"), "'it''s \\ here'");
    }
}
