//! Processes of servers: they start as another user, freeze, and end with this program.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sim::servers::Failure;

use crate::folder::Folder;
use crate::programs::failure;

/// The real time that a server gets to start, to freeze or to end. Each takes a fraction of a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(60);
/// The real time between two looks at a server.
const LOOK: Duration = Duration::from_millis(2);

/// A command that runs as the user of the servers, in their folder, with no variables of this program's user.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Folder) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()))
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .current_dir(folder.path())
        .process_group(0)
        .stdin(Stdio::null());
    folder.owner.run(&mut command);
    command
}

/// Runs a command to its end with this input. Returns its output.
pub(crate) fn run(command: &mut Command, input: &str) -> Result<String, Failure> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let mut run = || {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // The command may end before it has read everything. Its status then tells why.
            let _ = stdin.write_all(input.as_bytes());
        }
        child.wait_with_output()
    };
    let output = run().map_err(|error: io::Error| failure(format!("running {name}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(failure(format!("{name} failed ({}): {line}", output.status)))
}

/// Copies a folder and what is in it, without the data blocks where the file system can share them.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut cp = Command::new("cp");
    cp.args(["-a", "--reflink=auto"]).arg(from.join(".")).arg(to);
    run(&mut cp, "").map(drop)
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a server, with its output in a file. The kernel sends it `end` when this program ends, also if it is killed.
    pub(crate) fn start(
        program: &Path,
        args: Vec<String>,
        end: Signal,
        log: &Path,
        folder: &Folder,
    ) -> Result<Self, Failure> {
        let start = || {
            let out = File::options().create(true).append(true).open(log)?;
            let mut command = command("setpriv", folder);
            let end = end.as_str().trim_start_matches("SIG");
            command.args(["--pdeathsig", end, "--"]).arg(program).args(args);
            command.stdout(out.try_clone()?).stderr(out);
            spawn(command)
        };
        let child = start().map_err(|error| failure(format!("starting {}: {error}", program.display())))?;
        Ok(Self { child })
    }

    /// Waits until the server is ready.
    pub(crate) fn wait_until(&mut self, log: &Path, is_ready: impl Fn() -> bool) -> Result<(), Failure> {
        let since = Instant::now();
        while !is_ready() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(failure(format!("the server ended ({status}): {}", last_line(log))));
            }
            if since.elapsed() > LIMIT {
                return Err(failure(format!("the server did not start: {}", last_line(log))));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Ends the server with a signal, and waits for its end.
    pub(crate) fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if since.elapsed() > LIMIT {
                self.signal(Signal::SIGKILL);
            }
            thread::sleep(LOOK);
        }
    }

    /// Stops all processes of the server for as long as `act` takes. Its files then look as after a power failure, which
    /// is what a snapshot of a disk contains.
    ///
    /// If this program is killed meanwhile, the kernel continues the server ("if any member of the newly orphaned process
    /// group is stopped, then a SIGHUP signal followed by a SIGCONT signal will be sent", setpgid(2)), and it ends.
    pub(crate) fn frozen<R>(&self, act: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        // The parent first: after that, no new process is started.
        let parent = self.pid();
        self.signal(Signal::SIGSTOP);
        let result = wait_until_stopped(parent).and_then(|()| {
            let children = children(parent);
            children.iter().for_each(|child| send(*child, Signal::SIGSTOP));
            let result = children.iter().try_for_each(|child| wait_until_stopped(*child)).and_then(|()| act());
            children.iter().for_each(|child| send(*child, Signal::SIGCONT));
            result
        });
        self.signal(Signal::SIGCONT);
        result
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

fn send(process: Pid, signal: Signal) {
    // It fails only for a process that has ended.
    let _ = kill(process, signal);
}

/// The last line that a server has written.
fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it wrote no log").to_owned()
}

/// The processes that a process has started.
fn children(parent: Pid) -> Vec<Pid> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).map(Pid::from_raw).collect()
}

/// SIGSTOP takes effect when a process leaves the kernel. A process that has ended counts as stopped.
fn wait_until_stopped(process: Pid) -> Result<(), Failure> {
    let since = Instant::now();
    loop {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The state follows the name, which is in parentheses.
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        if matches!(state, None | Some('T' | 'Z' | 'X')) {
            return Ok(());
        }
        if since.elapsed() > LIMIT {
            return Err(failure(format!("process {process} of a server did not stop")));
        }
        thread::sleep(LOOK);
    }
}

/// What is to be started, and where the process goes.
type Order = (Command, Sender<io::Result<Child>>);

/// The thread that starts all servers. The kernel sends the signal when the *thread* that started a process ends, and the
/// threads of tests end before their process does. This one never ends.
static STARTER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (orders, received) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for (mut command, started) in received {
            let _ = started.send(command.spawn());
        }
    });
    Mutex::new(orders)
});

fn spawn(command: Command) -> io::Result<Child> {
    let (started, child) = mpsc::channel();
    let ended = || io::Error::other("the thread that starts servers has ended");
    STARTER.lock().unwrap_or_else(PoisonError::into_inner).send((command, started)).map_err(|_| ended())?;
    child.recv().map_err(|_| ended())?
}
