//! Events in the text: condition, delay, options, and what they set.

use super::Parser;
use crate::antimony::ReadProblem;
use crate::antimony::lexer::Kind;
use crate::antimony::syntax::{EventText, Named, Statement};

impl Parser<'_> {
    /// `name: at delay after condition, options: assignments`, from the word `at`.
    pub(super) fn event(&mut self, name: Option<Named>) -> Result<(), ReadProblem> {
        let span = name.as_ref().map_or(self.token().span, |named| named.span);
        self.at += 1;
        let mut trigger = self.formula()?;
        let mut delay = None;
        if self.word_ahead(0, "after") {
            self.at += 1;
            delay = Some(std::mem::replace(&mut trigger, self.formula()?));
        }
        let mut event = EventText {
            name,
            trigger,
            initially_true: true,
            delay,
            priority: None,
            is_persistent: true,
            from_trigger: true,
            assignments: Vec::new(),
            span,
        };
        while self.take(",") {
            self.event_option(&mut event)?;
        }
        self.expect(":", "after the condition of the event")?;
        while !self.at_statement_end() {
            let target = self.dotted_name("a name to set")?;
            self.expect("=", "after the name that the event sets")?;
            event.assignments.push((target, self.formula()?));
            if !self.take(",") {
                break;
            }
        }
        self.push(Statement::Event(event));
        Ok(())
    }

    /// One option of an event.
    fn event_option(&mut self, event: &mut EventText) -> Result<(), ReadProblem> {
        let option = self.name("an option of the event")?;
        self.expect("=", "after the option of the event")?;
        let flag = match option.name.as_str() {
            "priority" => {
                event.priority = Some(self.formula()?);
                return Ok(());
            }
            "t0" => &mut event.initially_true,
            "persistent" => &mut event.is_persistent,
            "fromTrigger" => &mut event.from_trigger,
            _ => {
                let message = format!("`{}` is not an option of an event", option.name);
                let help = "options are `priority`, `t0`, `persistent` and `fromTrigger`".into();
                return Err(ReadProblem { span: option.span, message, help });
            }
        };
        *flag = match (&self.token().kind, self.token().text.as_str()) {
            (Kind::Name, "true") => true,
            (Kind::Name, "false") => false,
            _ => return Err(self.expected("`true` or `false`", &format!("for `{}`", option.name))),
        };
        self.at += 1;
        Ok(())
    }
}
