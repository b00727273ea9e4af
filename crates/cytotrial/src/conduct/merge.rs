//! One-subject studies put together into the study of an arm.

use records::Study;

/// Adds the rows of `one`, whose only subject becomes the last subject of `study`.
pub fn append(study: &mut Study, one: Study) {
    let row = study.subjects.len() as u32;
    let subjects = &mut study.subjects;
    let from = one.subjects;
    subjects.id.extend(from.id);
    subjects.arm.extend(from.arm);
    subjects.dose_level.extend(from.dose_level);
    subjects.disposition.extend(from.disposition);
    subjects.screened_calendar.extend(from.screened_calendar);
    subjects.infused_calendar.extend(from.infused_calendar);
    subjects.enrolled_day.extend(from.enrolled_day);
    subjects.age.extend(from.age);
    subjects.sex.extend(from.sex);
    subjects.weight.extend(from.weight);
    subjects.ecog.extend(from.ecog);
    subjects.prior_lines.extend(from.prior_lines);
    subjects.isotype.extend(from.isotype);
    subjects.light_chain.extend(from.light_chain);
    subjects.new_therapy_day.extend(from.new_therapy_day);
    subjects.death_day.extend(from.death_day);
    subjects.death_cause.extend(from.death_cause);
    subjects.last_known_alive_day.extend(from.last_known_alive_day);
    subjects.dose_fraction.extend(from.dose_fraction);
    let exposures = &mut study.exposures;
    exposures.subject.extend(from_row(one.exposures.subject.len(), row));
    exposures.treatment.extend(one.exposures.treatment);
    exposures.day.extend(one.exposures.day);
    exposures.amount.extend(one.exposures.amount);
    exposures.assigned.extend(one.exposures.assigned);
    let findings = &mut study.findings;
    findings.subject.extend(from_row(one.findings.subject.len(), row));
    findings.analyte.extend(one.findings.analyte);
    findings.day.extend(one.findings.day);
    findings.value.extend(one.findings.value);
    findings.below_limit.extend(one.findings.below_limit);
    let events = &mut study.events;
    events.subject.extend(from_row(one.events.subject.len(), row));
    events.term.extend(one.events.term);
    events.start.extend(one.events.start);
    events.end.extend(one.events.end);
    events.grade.extend(one.events.grade);
    events.related.extend(one.events.related);
}

fn from_row(rows: usize, row: u32) -> impl Iterator<Item = u32> {
    std::iter::repeat_n(row, rows)
}
