//! The controller's page in a real browser: it goes through a server of the test's, which adds a script that tells what the page shows and presses
//! its button once.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use e2e::Program;
use serde_json::Value;
use sidecar::clock::mono_ns;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Tells each change of the banner; half a second after the first ON AIR it presses the button and tells its answer.
const SCRIPT: &str = r"<script>
let was='',pressed=false;
const tell=what=>{const a=document.getElementById('air'),r=a.getBoundingClientRect(),text=id=>document.getElementById(id).textContent;
 fetch('/told',{method:'POST',body:JSON.stringify({what,line:text('airline'),ways:text('airways'),stopped:text('stopped'),title:document.title,
  background:getComputedStyle(a).backgroundColor,top:r.top,part:r.width/document.documentElement.clientWidth})})};
setInterval(()=>{const a=document.getElementById('air'),now=a.hidden?'hidden':a.className,answer=document.getElementById('stopped').textContent;
 if(pressed&&answer&&!answer.startsWith('stopping')){pressed=false;tell('stopped')}
 if(now!==was){was=now;tell(now);if(now==='on_air')setTimeout(()=>{pressed=true;document.getElementById('stop').click()},500)}},20);
</script></body>";

#[derive(Default)]
struct Told {
    all: Mutex<Vec<Value>>,
    /// When the order to stop came, monotonic ns.
    pressed_ns: AtomicU64,
}

/// The browser with the page open.
pub struct Browser {
    program: Program,
    told: Arc<Told>,
    _runtime: tokio::runtime::Runtime,
}

impl Browser {
    /// `None` where there is no browser.
    pub fn open(dir: &Path, base: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let told = Arc::new(Told::default());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let page = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().fallback(between).with_state((base.to_owned(), Arc::clone(&told)));
        runtime.spawn(async move { axum::serve(listener, app).await });
        let paths = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&paths).any(|p| p.join("chromium").is_file()) {
            return None;
        }
        // a radio is not to wait for a browser
        let mut command = Command::new("nice");
        command.args(["-n", "19", "chromium"]).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", dir.join("browser").display())).arg(page);
        let program = Program::start(&mut command, dir.join("browser.log"));
        Some(Self { program, told, _runtime: runtime })
    }

    /// What the page last told under this name, awaited.
    pub fn said(&self, what: &str) -> Value {
        let find = || self.told.all.lock().unwrap().iter().rfind(|t| t["what"] == what).cloned();
        assert!(e2e::wait_until(60, || find().is_some()), "{:?} {}", self.told.all.lock().unwrap(), self.program.log());
        find().unwrap()
    }

    /// Under which name it told last.
    pub fn last(&self) -> Value {
        self.told.all.lock().unwrap().last().map_or(Value::Null, |t| t["what"].clone())
    }

    /// When the order to stop came, monotonic ns.
    pub fn pressed_ns(&self) -> Option<u64> {
        Some(self.told.pressed_ns.load(SeqCst)).filter(|ns| *ns > 0)
    }
}

/// Hands on what the page asks for, to the controller and back.
async fn between(State((base, told)): State<(String, Arc<Told>)>, method: Method, uri: Uri, body: Bytes) -> Response {
    if uri.path() == "/told" {
        told.all.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        return StatusCode::OK.into_response();
    }
    if method == Method::POST {
        told.pressed_ns.store(mono_ns(), SeqCst);
    }
    let Ok(answer) = reqwest::Client::new().request(method, format!("{base}{uri}")).body(body).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let mut text = answer.text().await.unwrap();
    if uri.path() == "/" {
        text = text.replace("</body>", SCRIPT);
    }
    let mut response = (status, text).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// `POST` without a body: status and text.
pub fn post(url: &str) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let answer = client.post(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}
