//! placeholder
#[derive(Debug)]
pub struct BashSyntax;
