//! placeholder
use crate::ports::{Syntax, Verdict};
use std::ffi::OsString;
#[derive(Debug)]
pub struct BashSyntax;
impl BashSyntax {
    /// x
    pub fn new(_p: Option<OsString>) -> Self {
        Self
    }
    /// x
    pub fn prefetch(&mut self, _t: Vec<String>) {}
}
impl Syntax for BashSyntax {
    fn check(&mut self, text: &str) -> Verdict {
        let out =
            duct::cmd("bash", ["--norc", "-n"]).stdin_bytes(text).stderr_to_stdout().stdout_capture().unchecked().run();
        match out {
            Ok(o) if o.status.success() => Verdict::Accepted,
            Ok(o) => Verdict::Rejected { message: String::from_utf8_lossy(&o.stdout).into_owned(), line: 1 },
            Err(e) => Verdict::Unavailable(e.to_string()),
        }
    }
}
