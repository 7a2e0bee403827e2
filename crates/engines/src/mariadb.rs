//! MariaDB, for the engines that speak MySQL's protocol.
//!
//! All of the log (the binary log) is kept, in rows. A time is a position in it, which is noted as time passes: its own
//! times are whole seconds.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use sim::servers::{Failure, NewVolume};

use crate::folder::Folder;
use crate::process::{Process, command, run};
use crate::product::{Place, Position, Product, Until};
use crate::programs::{MariaDbPrograms, failure, random};

pub(crate) const NAME: &str = "MariaDB";

#[derive(Debug)]
pub(crate) struct MariaDb {
    programs: MariaDbPrograms,
    /// The password of `rdsadmin`. It is for the local socket alone, but MariaDB takes loopback for that, too.
    password: String,
}

/// How servers run: as little memory and disk as possible, and nothing synchronised to disk, as for PostgreSQL.
const SETTINGS: [&str; 6] = [
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=2",
    "--performance-schema=OFF",
    "--skip-name-resolve",
];

/// What the master user may do ("Master user account privileges", RDS User Guide), and where. MariaDB cannot except a database
/// from `*.*`. But of the rows for databases, only the one with the most specific name counts, so `mysql` and `sys` are protected.
const MASTER_PRIVILEGES: [(&str, &str); 4] = [
    ("RELOAD, PROCESS, SHOW DATABASES, REPLICATION CLIENT, REPLICATION SLAVE, CREATE USER", "*.*"),
    (
        "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, \
         EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER",
        "`%`.*",
    ),
    ("SELECT", "mysql.*"),
    ("SELECT, EXECUTE, SHOW VIEW", "sys.*"),
];

/// What `rdsadmin` may do in a server that clients can reach: no more than the master user, which may change the password of every
/// user.
const REACHABLE: &str = "RELOAD, CREATE USER";
/// The privileges of `rdsadmin` in a server that accepts no other connections.
const ALONE: &str = "ALL";

impl MariaDb {
    pub(crate) fn new(programs: MariaDbPrograms) -> Self {
        let mut random = random();
        Self { programs, password: (0..32).map(|_| random.alphanumeric()).collect() }
    }

    /// Starts a server, and waits until it accepts connections. Before that, it makes `rdsadmin` anew, so that clients cannot take
    /// it away, and runs these statements.
    fn start_with(
        &self,
        place: &Place,
        args: &[String],
        (privileges, statements): (&str, &str),
        folder: &Folder,
    ) -> Result<Process, Failure> {
        let init = place.path().join("init.sql");
        let password = literal(&self.password);
        let statements = format!(
            "SET SESSION sql_log_bin = 0;\nCREATE OR REPLACE USER rdsadmin@localhost IDENTIFIED BY {password};\n\
             GRANT {privileges} ON *.* TO rdsadmin@localhost WITH GRANT OPTION;\n{statements}"
        );
        let written = fs::write(&init, statements).and_then(|()| folder.owner.give(&init));
        written.map_err(|error| failure(format!("writing {}: {error}", init.display())))?;
        let (socket, log) = (socket(place), place.log());
        let _ = fs::remove_file(&socket);
        let mut all = vec!["--no-defaults".to_owned(), format!("--datadir={}", place.data().display())];
        all.push(format!("--socket={socket}"));
        all.push(format!("--pid-file={}", place.file("pid")));
        all.push(format!("--init-file={}", init.display()));
        all.extend(SETTINGS.iter().map(|setting| (*setting).to_owned()));
        all.extend_from_slice(args);
        let mut process = Process::start(&self.programs.server, all, self.end_signal(), &log, folder)?;
        let started = process.wait_until(&log, || greets(&socket));
        let _ = fs::remove_file(&init);
        started.map(|()| process)
    }

    /// Runs a server that accepts no other connections, for the time of `act`.
    fn alone(
        &self,
        place: &Place,
        args: &[String],
        folder: &Folder,
        act: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let args: Vec<String> = args.iter().cloned().chain(["--skip-networking".to_owned()]).collect();
        let mut process = self.start_with(place, &args, (ALONE, ""), folder)?;
        let result = act();
        process.end(self.stop_signal());
        result
    }

    /// Starts a server on a volume for the time that these statements take, which it runs before anything else.
    fn execute(&self, place: &Place, statements: &str, folder: &Folder) -> Result<(), Failure> {
        let args = ["--skip-networking".to_owned()];
        self.start_with(place, &args, (ALONE, statements), folder)?.end(self.stop_signal());
        Ok(())
    }

    /// The client, as `rdsadmin`.
    fn client(&self, place: &Place, folder: &Folder) -> Command {
        let mut client = command(&self.programs.client, folder);
        client.args(["--no-defaults", "--batch", "-u", "rdsadmin", "-S", &socket(place)]);
        client.env("MYSQL_PWD", &self.password);
        client
    }
}

impl Product for MariaDb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn make_template(&self, template: &Place, folder: &Folder) -> Result<(), Failure> {
        let mut install = command(&self.programs.install, folder);
        install.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--cross-bootstrap",
        ]);
        install.arg(format!("--datadir={}", template.data().display())).args(SETTINGS);
        run(&mut install, "")?;
        self.execute(template, "DELETE FROM mysql.global_priv WHERE User = 'root';\nFLUSH PRIVILEGES;\n", folder)
    }

    fn fill(&self, place: &Place, contents: &NewVolume, folder: &Folder) -> Result<(), Failure> {
        let master = format!("{}@'%'", literal(&contents.master_username));
        let identified = match &contents.master_password {
            Some(password) => format!("IDENTIFIED BY {}", literal(password)),
            None => "ACCOUNT LOCK".to_owned(),
        };
        let mut statements = format!("CREATE USER {master} {identified};\n");
        for (privileges, on) in MASTER_PRIVILEGES {
            statements.push_str(&format!("GRANT {privileges} ON {on} TO {master} WITH GRANT OPTION;\n"));
        }
        if let Some(database) = &contents.database {
            statements.push_str(&format!("CREATE DATABASE `{}`;\n", database.replace('`', "``")));
        }
        self.execute(place, &statements, folder)
    }

    /// The server itself recovers when it starts. Its log begins without files.
    fn recover(&self, place: &Place, _: &Folder) -> Result<(), Failure> {
        for file in logs(&place.data()) {
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_file(place.data().join("binlog.index"));
        Ok(())
    }

    fn start(&self, place: &Place, address: SocketAddr, folder: &Folder) -> Result<Process, Failure> {
        let args = [
            format!("--bind-address={}", address.ip()),
            format!("--port={}", address.port()),
            "--require-secure-transport=ON".to_owned(),
            format!("--ssl-cert={}", place.file("server.crt")),
            format!("--ssl-key={}", place.file("server.key")),
        ];
        self.start_with(place, &[&args[..], &log_settings(place)].concat(), (REACHABLE, ""), folder)
    }

    fn stop_signal(&self) -> Signal {
        Signal::SIGTERM
    }

    fn end_signal(&self) -> Signal {
        Signal::SIGKILL
    }

    fn reload(&self, place: &Place, _: &Process, folder: &Folder) -> Result<(), Failure> {
        run(&mut self.client(place, folder), "FLUSH SSL;").map(drop)
    }

    fn set_password(&self, place: &Place, user: &str, password: &str, folder: &Folder) -> Result<(), Failure> {
        run(&mut self.client(place, folder), &password_statement(user, password)).map(drop)
    }

    fn set_password_of_stopped(
        &self,
        place: &Place,
        user: &str,
        password: &str,
        folder: &Folder,
    ) -> Result<(), Failure> {
        self.alone(place, &log_settings(place), folder, || self.set_password(place, user, password, folder))
    }

    /// A commit is in the log before the client has an answer.
    fn mark(&self, _: &Place, _: &Folder) -> Result<(), Failure> {
        Ok(())
    }

    fn replay(&self, source: &Place, until: Option<Until>, place: &Place, folder: &Folder) -> Result<(), Failure> {
        let end = until.map(|until| until.position.unwrap_or_default());
        let logs = logs(&source.data()).into_iter().filter(|log| end.is_none_or(|end| number(log) <= end.file));
        let logs: Vec<_> = logs.collect();
        if logs.is_empty() {
            return Ok(());
        }
        // The changes of a large transaction are one statement here.
        let large = "--max-allowed-packet=1G";
        self.alone(place, &[large.to_owned()], folder, || {
            let mut reader = command(&self.programs.log_reader, folder);
            reader.arg("--no-defaults").args(end.map(|end| format!("--stop-position={}", end.bytes))).args(&logs);
            let running = reader.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
            let mut running = running.map_err(|error| failure(format!("starting mariadb-binlog: {error}")))?;
            let mut client = self.client(place, folder);
            client.arg(large);
            if let Some(output) = running.stdout.take() {
                client.stdin(output);
            }
            let output = client.output().map_err(|error| failure(format!("starting mariadb: {error}")))?;
            let read = running.wait().map_err(|error| failure(format!("waiting for mariadb-binlog: {error}")))?;
            if !output.status.success() || !read.success() {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(failure(format!("replaying the log: {}", errors.lines().last().unwrap_or_default())));
            }
            Ok(())
        })
    }

    fn position(&self, place: &Place) -> Option<Position> {
        let log = logs(&place.data()).pop()?;
        Some(Position { file: number(&log), bytes: fs::metadata(&log).ok()?.len() })
    }
}

/// The settings with which all changes are in the log.
fn log_settings(place: &Place) -> [String; 3] {
    let log = place.data().join("binlog");
    [format!("--log-bin={}", log.display()), "--binlog-format=ROW".to_owned(), "--server-id=1".to_owned()]
}

fn password_statement(user: &str, password: &str) -> String {
    format!("ALTER USER {}@'%' IDENTIFIED BY {} ACCOUNT UNLOCK;", literal(user), literal(password))
}

/// The files of the log, in order.
fn logs(data: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(data).into_iter().flatten().flatten().map(|file| file.path());
    let mut logs: Vec<_> = files.filter(|path| number(path) > 0).collect();
    logs.sort();
    logs
}

/// The number of a file of the log: `binlog.000001`.
fn number(path: &Path) -> u32 {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_prefix("binlog.").and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn socket(place: &Place) -> String {
    place.file("socket")
}

/// Whether a server speaks at a socket. It does so once it accepts connections.
fn greets(socket: &str) -> bool {
    let greet = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.read_exact(&mut [0])
    };
    greet().is_ok()
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
