//! A report in sections, each with the readers it is for, and the document that one reader gets.

use serde::{Deserialize, Serialize};

use crate::document::{Block, Document, Mark, Text};

/// Whom a report is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Treats patients: what may happen to them, and how sure that is.
    Clinician,
    /// Judges the design: distributions, differences, what moves the result.
    Statistician,
    /// Judges whether to believe it: everything.
    Reviewer,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 3] = [Self::Clinician, Self::Statistician, Self::Reviewer];

    /// The word in files and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::Statistician => "statistician",
            Self::Reviewer => "reviewer",
        }
    }

    /// The audience of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.word() == word)
    }
}

/// The version of the form in which reports are kept.
pub const SCHEMA: u32 = 1;

/// A whole report: what every reader may be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of the form; always [`SCHEMA`].
    pub schema: u32,
    /// The title of the page.
    pub title: String,
    /// One line under the title.
    pub subtitle: String,
    /// Names of the arms in the order that fixes their colours in every figure.
    pub arms: Vec<String>,
    /// The readers that the run asks to be addressed, unless others are asked for.
    pub audience: Audience,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// One section of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What files call it.
    pub name: String,
    /// Whom it is for; the reviewer reads every section.
    pub audiences: Vec<Audience>,
    /// What it says; the first block is its heading.
    pub blocks: Vec<Block>,
}

/// Why a kept report cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no report in this form.
    #[error("it is no report: {0}")]
    Form(#[from] serde_json::Error),
    /// It was kept in another form.
    #[error("it has the form {0}; this program reads the form {SCHEMA}")]
    Schema(u32),
}

impl Section {
    /// The words of its heading.
    pub fn title(&self) -> &str {
        match self.blocks.first() {
            Some(Block::Heading { text, .. }) => text,
            _ => &self.name,
        }
    }

    fn is_for(&self, audience: Audience) -> bool {
        audience == Audience::Reviewer || self.audiences.contains(&audience)
    }
}

impl Report {
    /// The report as it is kept: JSON that [`Report::read`] takes back.
    pub fn text(&self) -> String {
        let text = serde_json::to_string(self).expect("a report has text keys only");
        format!("{text}\n")
    }

    /// Reads a kept report.
    ///
    /// # Errors
    /// A text that is no report, or one in another form.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let Version { schema } = serde_json::from_str(text)?;
        if schema != SCHEMA {
            return Err(ReadError::Schema(schema));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The document for these readers. What is left out is named under the title, and a link into
    /// a section that is left out becomes plain words.
    pub fn document(&self, audience: Audience) -> Document {
        let is_in = |section: &&Section| section.is_for(audience);
        let left_out: Vec<&str> =
            self.sections.iter().filter(|section| !is_in(section)).map(Section::title).collect();
        let mut blocks: Vec<Block> = Vec::new();
        for section in self.sections.iter().filter(is_in) {
            blocks.extend(section.blocks.iter().cloned());
        }
        let mut subtitle = self.subtitle.clone();
        if !left_out.is_empty() {
            subtitle = format!(
                "{subtitle}. Made for the {}; the reviewer's report adds: {}",
                audience.word(),
                left_out.join(", ")
            );
        }
        let mut document =
            Document { title: self.title.clone(), subtitle, arms: self.arms.clone(), blocks };
        if !left_out.is_empty() {
            let known = crate::check::targets(&document);
            unlink(&mut document.blocks, &|id| known.contains(&crate::html::anchor_of(id)));
        }
        document
    }
}

/// Turns links to what is not known into plain words.
fn unlink(blocks: &mut [Block], is_known: &dyn Fn(&str) -> bool) {
    let mend = |text: &mut Text| {
        for span in &mut text.spans {
            if let Mark::Link(target) = &span.mark
                && target.strip_prefix('#').is_some_and(|id| !is_known(id))
            {
                span.mark = Mark::Plain;
            }
        }
    };
    for block in blocks {
        match block {
            Block::Paragraph(text) | Block::Note { text, .. } => mend(text),
            Block::List { items, .. } => items.iter_mut().for_each(mend),
            Block::KeyValues(pairs) => pairs.iter_mut().for_each(|pair| mend(&mut pair.value.text)),
            Block::Table(table) => {
                table.rows.iter_mut().flatten().for_each(|cell| mend(&mut cell.text));
                table.notes.iter_mut().for_each(mend);
            }
            Block::Details { blocks, .. } => unlink(blocks, is_known),
            Block::Heading { .. } | Block::Figure(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{link, paragraph, section};

    fn report() -> Report {
        let part = |name: &str, audiences: &[Audience], target: &str| Section {
            name: name.into(),
            audiences: audiences.into(),
            blocks: vec![section(name), paragraph(link("there", target))],
        };
        Report {
            schema: SCHEMA,
            title: "T".into(),
            subtitle: "S".into(),
            arms: vec!["a".into()],
            audience: Audience::Reviewer,
            sections: vec![
                part("Answer", &Audience::ALL, "#Parameters"),
                part("Parameters", &[Audience::Reviewer], "#Answer"),
            ],
        }
    }

    #[test]
    fn a_report_reads_back_as_it_was() {
        assert_eq!(Report::read(&report().text()).unwrap(), report());
        let other = report().text().replacen("\"schema\":1", "\"schema\":9", 1);
        assert!(matches!(Report::read(&other), Err(ReadError::Schema(9))));
        assert!(Report::read("{}").is_err());
        let misspelt = report().text().replacen("\"title\"", "\"titel\"", 1);
        assert!(Report::read(&misspelt).is_err());
    }

    #[test]
    fn the_reviewer_gets_everything_and_others_hear_what_is_left_out() {
        let whole = report().document(Audience::Reviewer);
        assert_eq!((whole.blocks.len(), whole.subtitle.as_str()), (4, "S"));
        let part = report().document(Audience::Clinician);
        assert_eq!(part.blocks.len(), 2);
        assert!(part.subtitle.contains("the reviewer's report adds: Parameters"));
    }

    #[test]
    fn a_link_into_a_section_that_is_left_out_becomes_words() {
        let part = report().document(Audience::Statistician);
        assert_eq!(part.blocks[1], paragraph("there"));
        let whole = report().document(Audience::Reviewer);
        assert_eq!(whole.blocks[1], paragraph(link("there", "#Parameters")));
    }
}
