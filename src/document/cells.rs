//! From fence to cell: attributes, kind, roles, and what is odd about it.
//!
//! Invariant: a fence whose end is unsure is never run. Refuses to know: the blocks around it, except a line that announces output.

use super::fence::{self, ContentChunk, Fence, FenceFault};
use super::front_matter::list_quoted;
use super::lines::Lines;
use super::{Attributes, Cell, CellKind, DocumentFinding, SectionIndex, SourceLine, Span, info, kinds, roles};

/// Context of a fence that bears on its kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct FenceContext {
    pub(super) section: SectionIndex,
    /// True if a line or comment before the fence announces output.
    pub(super) is_announced: bool,
    /// True inside a comment, or if the opening line may have been meant to close the fence before.
    pub(super) is_doubtful: bool,
}

/// Makes a cell of a fence. The flag is true if the fence may end elsewhere than the parser says.
pub(super) fn make_fenced_cell(
    document: &str,
    lines: &Lines,
    span: Span,
    chunks: &[ContentChunk],
    around: FenceContext,
    findings: &mut Vec<DocumentFinding>,
) -> (Cell, bool) {
    let Fence { info: source, span, mut content, fault } = fence::read_fence(document, lines, span, chunks);
    let info = info::parse_info_string(source);
    // Options of a `{code-block}` stand in its first lines: `:linenos:`.
    if source.starts_with('{') {
        let options = content.iter().take_while(|line| is_directive_option(&line.text)).count();
        content.drain(..options);
    }
    let line = lines.line_of(span.start);
    let end_line = lines.line_of(span.end.saturating_sub(1).max(span.start));
    let has_interpreter = info.attributes.get("interpreter").is_some_and(|value| !value.is_empty());
    let mut kind = kinds::kind_of(&info.language, has_interpreter, around.is_announced, || join_lines(&content));
    if fault.is_some() || around.is_doubtful {
        kind = CellKind::Reference;
    }
    if matches!(kind, CellKind::Command | CellKind::Guessed)
        && let Some(finding) = content.iter().find_map(deceptive_finding)
    {
        findings.push(finding);
        kind = CellKind::Reference;
    }
    let is_shell = kind == CellKind::Guessed || (kind == CellKind::Command && kinds::is_shell(&info.language));
    if is_shell {
        roles::assign_roles(&mut content, kinds::is_console(&info.language), document);
    }
    if let Some(fault) = fault.filter(|_| !around.is_doubtful) {
        findings.push(fault_finding(fault, line, end_line, span.clone()));
    }
    let info_span = span.start..lines.span_of_lines(line, line).end.min(span.end);
    findings.extend(info.faults.iter().map(|fault| info_finding(fault, line, info_span.clone())));
    let is_unsure = fault.is_some();
    let (language, attributes) = (info.language, info.attributes);
    (
        Cell { kind, language, attributes, span, line, end_line, content, section: around.section, expected: None },
        is_unsure,
    )
}

fn join_lines(content: &[SourceLine]) -> String {
    content.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// True for a directive's option: `:name:` or `:name: value`.
fn is_directive_option(line: &str) -> bool {
    let name = line.trim().strip_prefix(':').and_then(|rest| rest.split_once(':')).map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
}

/// Makes a cell of indented code that looks like shell or was announced as output; none for other code.
pub(super) fn make_indented_cell(
    document: &str,
    lines: &Lines,
    span: Span,
    chunks: &[ContentChunk],
    around: FenceContext,
) -> Option<Cell> {
    let mut content = fence::content_lines(document, lines, chunks);
    if around.is_doubtful || content.iter().any(|line| deceptive_finding(line).is_some()) {
        return None;
    }
    let kind = kinds::kind_of("", false, around.is_announced, || join_lines(&content));
    match kind {
        CellKind::Guessed => roles::assign_roles(&mut content, false, document),
        CellKind::Output => {}
        CellKind::Command | CellKind::Message | CellKind::Reference => return None,
    }
    let (first, last) = (content.first()?, content.last()?);
    let (line, end_line) = (first.line, last.line);
    let end = last.offset + last.text.len();
    Some(Cell {
        kind,
        language: String::new(),
        attributes: Attributes::default(),
        span: span.start..end.clamp(span.start, span.end.max(span.start)),
        line,
        end_line,
        content,
        section: around.section,
        expected: None,
    })
}

/// True for a character that makes a command differ from what the author wrote or a terminal shows. These are control
/// characters, the mark of a broken byte, and those that change the direction of writing.
fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, char::REPLACEMENT_CHARACTER | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn deceptive_finding(line: &SourceLine) -> Option<DocumentFinding> {
    let found = line.text.chars().find(|&c| is_deceptive(c))?;
    let message = format!("line {} holds the character U+{:04X}; its cell is not run", line.line, u32::from(found));
    let help = "remove it, or write it as an escape such as `$'\\e'`".to_owned();
    Some(DocumentFinding { code: "control-character", line: line.line, span: line.offset..line.offset, message, help })
}

fn fault_finding(fault: FenceFault, line: u32, end_line: u32, span: Span) -> DocumentFinding {
    let (code, message, help) = match fault {
        FenceFault::Unclosed => (
            "unclosed-fence",
            format!(
                "the fence that opens on line {line} is never closed; it ends with line {end_line}, and is not run"
            ),
            "close it, indented like its opening line".to_owned(),
        ),
        FenceFault::DedentedEnd(end) => (
            "mis-indented-fence",
            format!("line {end} does not close the fence of line {line}: it is indented less than it; neither is run"),
            format!("indent line {end} like line {line}"),
        ),
        FenceFault::IndentedEnd(end) => (
            "mis-indented-fence",
            format!("line {end} does not close the fence of line {line}: it is indented too far; the fence is not run"),
            format!("indent line {end} like line {line}"),
        ),
        FenceFault::Swallowed(inner) => (
            "unclosed-fence",
            format!("a fence opens on line {inner}, inside the one of line {line}; it is not run"),
            format!("close the fence of line {line} before, or give it more backticks"),
        ),
    };
    DocumentFinding { code, line, span, message, help }
}

fn info_finding(fault: &info::InfoFault, line: u32, span: Span) -> DocumentFinding {
    match fault {
        info::InfoFault::Unknown { name, nearest } => {
            let help = match nearest {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the attributes are {}", list_quoted(info::KNOWN)),
            };
            let message = format!("the attribute `{name}` says nothing here");
            DocumentFinding { code: "unknown-attribute", line, span, message, help }
        }
        info::InfoFault::Malformed(reason) => DocumentFinding {
            code: "malformed-attributes",
            line,
            span,
            message: format!("the attributes cannot be read to their end: {reason}"),
            help: "write `{name=value}` or `{\"name\":\"value\"}`".to_owned(),
        },
    }
}

/// Reports the fences inside a piece of HTML, which are not cells.
pub(super) fn report_hidden_fences(document: &str, lines: &Lines, html: &Span, findings: &mut Vec<DocumentFinding>) {
    let mut at = html.start;
    let mut open: Option<(char, usize)> = None;
    for source in document.get(html.clone()).unwrap_or("").split_inclusive('\n') {
        let text = source.trim_start_matches([' ', '\t', '>']).trim_end();
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'));
        let width = mark.map_or(0, |mark| text.len() - text.trim_start_matches(mark).len());
        match (open, mark) {
            (None, Some(mark)) if width >= 3 => {
                open = Some((mark, width));
                let start = at + source.len() - source.trim_start().len();
                findings.push(hidden_finding(lines.line_of(at), start..at + source.trim_end().len()));
            }
            (Some((mark, least)), _) if width >= least && text.chars().all(|c| c == mark) => open = None,
            _ => {}
        }
        at += source.len();
    }
}

pub(super) fn hidden_finding(line: u32, span: Span) -> DocumentFinding {
    let message = format!("the fence on line {line} stands inside HTML or a comment; it is not run");
    let help = "take it out of the HTML, with a blank line before it, if it should be run".to_owned();
    DocumentFinding { code: "hidden-fence", line, span, message, help }
}
