//! Chromium without a window, driven through its `DevTools` protocol.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client};

use crate::http::Client;

/// How long a condition may take to come true; only a failing test waits this long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one page. Nothing of it is left once it is dropped.
pub struct Browser {
    process: Child,
    profile: PathBuf,
    page: WebSocket<TcpStream>,
    calls: u64,
}

impl Browser {
    /// Opens an address.
    pub fn open(url: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("orderwatch-browser-{}-{count}", std::process::id());
        let profile = env::temp_dir().join(name);
        let mut chromium = Command::new("chromium");
        chromium
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--disable-extensions",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(["--remote-debugging-port=0", "about:blank"]);
        let process = chromium.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("apt-get install --no-install-recommends chromium");
        // Chromium writes there which port it has taken, once it listens.
        let port = wait_for("chromium's port", || {
            let text = fs::read_to_string(profile.join("DevToolsActivePort")).ok()?;
            text.lines().next()?.parse::<u16>().ok()
        });
        let devtools = Client::at(format!("http://127.0.0.1:{port}"));
        let target = wait_for("chromium's page", || {
            let targets = devtools.json("/json/list", &[]).ok()?;
            let mut targets = targets.as_array()?.iter();
            let page = targets.find(|target| target["type"] == "page")?;
            page["webSocketDebuggerUrl"].as_str().map(ToOwned::to_owned)
        });
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("chromium listens");
        let bounded = stream.set_read_timeout(Some(PATIENCE));
        bounded.expect("a timeout that is not zero");
        let (page, _) = client(target, stream).expect("chromium speaks WebSocket");
        let calls = 0;
        let mut browser = Self {
            process,
            profile,
            page,
            calls,
        };
        browser.call("Page.navigate", &json!({"url": url}));
        let is_read = "location.href !== 'about:blank' && document.readyState === 'complete'";
        browser.wait("the page is read", is_read);
        browser
    }

    /// Calls a method of the protocol; events that come in between are of no interest.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let call = json!({"id": self.calls, "method": method, "params": parameters});
        let sent = self.page.send(Message::text(call.to_string()));
        sent.expect("chromium listens");
        loop {
            let message = self.page.read().expect("chromium answers");
            let Ok(text) = message.to_text() else {
                continue;
            };
            let answer: Value = serde_json::from_str(text).unwrap_or_default();
            if answer["id"] == self.calls {
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression in the page; of a promise, what it comes to.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        self.call("Runtime.evaluate", &parameters)["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, what: &str, expression: &str) {
        wait_for(what, || (self.evaluate(expression) == true).then_some(()));
    }

    /// What a person sees of an element: nothing, if it is hidden.
    pub fn text(&mut self, selector: &str) -> String {
        let seen = "found => found?.checkVisibility() ? found.innerText : ''";
        let text = self.evaluate(&format!("({seen})(document.querySelector({selector:?}))"));
        text.as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.page.close(None);
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Its helpers end a little later, and write until then.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.profile).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
