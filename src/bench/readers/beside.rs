//! What lies beside a result: the input that was asked for, and what went to standard error.

use super::{Request, Tool, read};
use crate::{
    error::{Context, Error, Result},
    results::{Reading, Verdict},
};

/// Texts without figures that decide whether those beside them may be believed.
#[derive(Debug, Default)]
pub struct Beside {
    request: Option<Request>,
    complaints: Vec<Reading>,
}

impl Beside {
    /// What was asked for, where labkit itself asked.
    pub fn of(request: Request) -> Beside {
        Beside { request: Some(request), complaints: Vec::new() }
    }

    /// True for the tools whose texts belong here.
    pub fn takes(tool: Tool) -> bool {
        matches!(tool, Tool::HpccInput | Tool::OpenMpi)
    }

    /// Adds a text; an error names the line of an input file that is wrong.
    pub fn add(&mut self, text: &[u8]) -> Result<()> {
        let mut found = Vec::new();
        let tool = read(text, &mut |reading| {
            found.push(reading);
            Ok(())
        })?;
        match tool {
            Tool::HpccInput => {
                let request = Request::parse(&String::from_utf8_lossy(text))?;
                if self.request.as_ref().is_some_and(|other| *other != request) {
                    return Err(Error::usage("it asks for something else than the input file before it")
                        .hint("import what each was asked for by itself, with --into"));
                }
                self.request = Some(request);
            }
            Tool::OpenMpi => self.complaints.append(&mut found),
            _ => return Err(Error::failed("it is neither an input file nor standard error")).context(|| "read"),
        }
        Ok(())
    }

    /// What was complained of, where there is nothing but this.
    pub fn cause(&self) -> &'static str {
        match (&self.request, self.complaints.is_empty()) {
            (_, false) => "there is only what went to standard error",
            (Some(_), true) => "an input file says what was asked for, not what came of it",
            (None, true) => "no file was given",
        }
    }

    /// Judges a run of hpcc by what was asked for, and by what went to standard error.
    pub fn judge(&self, reading: &mut Reading) {
        if reading.bench != "hpcc" {
            return;
        }
        if let Some(request) = &self.request {
            request.judge(reading);
        }
        for complaint in &self.complaints {
            if complaint.verdict == Verdict::Mismatch && reading.verdict.is_trusted() {
                reading.verdict = Verdict::Mismatch;
            }
            if !reading.verdict.is_trusted() {
                reading.why.extend(complaint.why.iter().cloned());
            }
        }
    }
}
