//! A target whose answers follow a formula, for tests and the bench of loadgen; no program depends on it.
//!
//! It freezes on command (its only thread sleeps, so that nothing is read, accepted or answered), serves at a given rate, or
//! misbehaves. Requests are found by their blank line; bodies are not expected.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;
/// Where a request ends.
const END: &[u8] = b"\r\n\r\n";

/// What the target does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status.
    Answer(u16),
    /// Answers that many times on each connection, then closes it without a word.
    AnswerThenClose(u32),
    /// Reads and never answers.
    Silence,
    /// Closes the connection instead of answering.
    Close,
    /// Resets the connection instead of answering.
    Reset,
    /// Answers with something that is not HTTP.
    Garbage,
}

/// How a target is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What it does with a request.
    pub behaviour: Behaviour,
    /// How long each answer takes, all of them side by side.
    pub service_time: Duration,
    /// How many it answers per second, one after another; `None` for as many as come.
    pub answers_per_second: Option<f64>,
}

impl Default for Setup {
    fn default() -> Self {
        Behaviour::Answer(200).into()
    }
}

impl From<Behaviour> for Setup {
    fn from(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            service_time: Duration::ZERO,
            answers_per_second: None,
        }
    }
}

/// A running target; stops when dropped.
#[derive(Debug)]
pub struct Mock {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    freezes: mpsc::UnboundedSender<(Instant, Duration)>,
    thread: Option<JoinHandle<()>>,
}

/// What the target's thread and its owner share.
#[derive(Debug)]
struct Shared {
    setup: Setup,
    stopped: AtomicBool,
    accepted: AtomicU64,
    log: Mutex<Log>,
}

/// What the target did when.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Moments of answers, if they were asked for.
    pub answers: Option<Vec<Instant>>,
    /// Freezes as they were: begin and end. While one lasts, its end is its begin.
    pub freezes: Vec<(Instant, Instant)>,
    /// When the server of [`Setup::answers_per_second`] is free again.
    busy_until: Option<Instant>,
}

impl Mock {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// There is no free port, or no thread can be started.
    pub fn start(setup: Setup) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(([127, 0, 0, 1], 0).into())?;
            socket.listen(BACKLOG)
        })?;
        let address = listener.local_addr()?;
        let (freezes, commands) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            setup,
            stopped: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            log: Mutex::default(),
        });
        let server = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("mock".into())
            .spawn(move || runtime.block_on(serve(&server, listener, commands)))?;
        Ok(Self {
            address,
            shared,
            freezes,
            thread: Some(thread),
        })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Freezes it for so long, from then on; while it is frozen, nothing on its thread runs.
    pub fn freeze(&self, from: Instant, length: Duration) {
        // A target that is gone is as frozen as can be.
        let _gone = self.freezes.send((from, length));
    }

    /// Notes the moment of every answer from now on.
    pub fn log_answers(&self) {
        self.shared.log().answers = Some(Vec::new());
    }

    /// What it did so far.
    pub fn log(&self) -> Log {
        self.shared.log().clone()
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes it.
        self.freeze(Instant::now(), Duration::ZERO);
        if let Some(thread) = self.thread.take() {
            let _panic_is_shown = thread.join();
        }
    }
}

/// Accepts connections until the owner drops the target.
async fn serve(
    shared: &Arc<Shared>,
    listener: TcpListener,
    mut freezes: mpsc::UnboundedReceiver<(Instant, Duration)>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((mut stream, _)) = accepted {
                    shared.accepted.fetch_add(1, Ordering::Relaxed);
                    let shared = Arc::clone(shared);
                    tokio::spawn(async move {
                        let _errors_end_it = shared.answer(&mut stream).await;
                        if shared.setup.behaviour == Behaviour::Reset {
                            let _gone_either_way = stream.set_zero_linger();
                        }
                    });
                }
            }
            freeze = freezes.recv() => {
                if shared.stopped.load(Ordering::Relaxed) {
                    return;
                }
                if let Some((from, length)) = freeze {
                    tokio::spawn(freeze_at(Arc::clone(shared), from, length));
                }
            }
        }
    }
}

/// Blocks the thread on purpose, in short sleeps so that the owner can still end it.
async fn freeze_at(shared: Arc<Shared>, from: Instant, length: Duration) {
    tokio::time::sleep_until(from.into()).await;
    let begin = Instant::now();
    shared.log().freezes.push((begin, begin));
    while begin.elapsed() < length && !shared.stopped.load(Ordering::Relaxed) {
        let left = length.saturating_sub(begin.elapsed());
        std::thread::sleep(left.min(Duration::from_millis(20)));
    }
    // Nothing else ran meanwhile: it is still the last.
    if let Some(freeze) = shared.log().freezes.last_mut() {
        freeze.1 = Instant::now();
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one connection until its end.
    async fn answer(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (status, mut answers_left) = match self.setup.behaviour {
            Behaviour::Answer(status) => (status, u32::MAX),
            Behaviour::AnswerThenClose(answers) => (200, answers),
            _ => (200, u32::MAX),
        };
        let answer = match self.setup.behaviour {
            Behaviour::Garbage => "\x16\x03\x01 this is not HTTP\r\n\r\n".into(),
            _ => format!(
                "HTTP/1.1 {status} Mock\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
        };
        let mut buffer = Vec::with_capacity(4096);
        while stream.read_buf(&mut buffer).await? > 0 {
            let is_end = |window: &[u8]| window == END;
            while let Some(end) = buffer.windows(END.len()).position(is_end) {
                buffer.drain(..end + END.len());
                match self.setup.behaviour {
                    Behaviour::Silence => continue,
                    Behaviour::Close | Behaviour::Reset => return Ok(()),
                    _ => {}
                }
                self.wait_for_service().await;
                stream.write_all(answer.as_bytes()).await?;
                if let Some(answers) = &mut self.log().answers {
                    answers.push(Instant::now());
                }
                answers_left -= 1;
                if answers_left == 0 {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Waits its turn, then the time an answer takes.
    async fn wait_for_service(&self) {
        let mut done = Instant::now() + self.setup.service_time;
        if let Some(rate) = self.setup.answers_per_second {
            let mut log = self.log();
            let turn = log.busy_until.map_or(done, |busy| busy.max(done))
                + Duration::from_secs_f64(1.0 / rate);
            log.busy_until = Some(turn);
            done = turn;
        } else if self.setup.service_time.is_zero() {
            return;
        }
        tokio::time::sleep_until(done.into()).await;
    }
}
