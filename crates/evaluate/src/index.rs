//! A study's rows sorted by subject, analyte and day, so that every criterion reads them in place.

use crate::rules::Baseline;
use records::{Analyte, DeathCause, EventTerm, LightChain, Remark, Response, Study, Treatment};

const ANALYTES: usize = Analyte::ALL.len();

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Day of sampling.
    pub day: f64,
    /// Value, or the limit when below it.
    pub value: f64,
    /// Below the limit of quantification.
    pub below_limit: bool,
}

/// One administration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dose {
    /// What was given.
    pub treatment: Treatment,
    /// Day of administration.
    pub day: f64,
}

/// One reported adverse event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reported {
    /// Which event.
    pub term: EventTerm,
    /// First day.
    pub start: f64,
    /// Last day; `None` while it lasts.
    pub end: Option<f64>,
    /// The investigator's grade.
    pub grade: u8,
    /// Possibly caused by the cell product.
    pub related: bool,
}

/// One response that the site adjudicated.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjudicated {
    /// Day of the assessment; a best response may have none.
    pub day: Option<f64>,
    /// The response.
    pub response: Response,
    /// It is the best response, not that of one assessment.
    pub is_best: bool,
    /// Who adjudicated; may be empty.
    pub evaluator: String,
}

/// A study's rows, sorted. Built once, read by every criterion and for any day.
#[derive(Debug, Clone, Default)]
pub struct Index {
    first_subject: usize,
    points: Vec<Point>,
    starts: Vec<u32>,
    doses: Vec<Dose>,
    dose_starts: Vec<u32>,
    events: Vec<Reported>,
    event_starts: Vec<u32>,
    remarks: Vec<Said>,
    remark_starts: Vec<u32>,
    responses: Vec<Vec<Adjudicated>>,
    cutoff_calendar: f64,
}

/// What is said of one value.
#[derive(Debug, Clone, Copy)]
struct Said {
    analyte: Analyte,
    day: f64,
    remark: Remark,
}

/// What is known about one subject up to a day.
#[derive(Debug, Clone, Copy)]
pub struct SubjectRecords<'a> {
    points: &'a [Point],
    starts: &'a [u32],
    doses: &'a [Dose],
    events: &'a [Reported],
    remarks: &'a [Said],
    responses: &'a [Adjudicated],
    as_of: f64,
    cutoff: f64,
    baseline: Baseline,
    related_only: bool,
    /// Day the subject was enrolled.
    pub enrolled_day: f64,
    /// Involved light chain.
    pub light_chain: LightChain,
    /// Start of a new anti-myeloma therapy.
    pub new_therapy_day: Option<f64>,
    /// Death.
    pub death_day: Option<f64>,
    /// Cause of death.
    pub death_cause: Option<DeathCause>,
    /// Last day the subject was known alive.
    pub last_known_alive_day: f64,
    /// Share of the planned product dose that was given.
    pub dose_fraction: f64,
}

impl Index {
    /// Sorts the rows of the whole study.
    pub fn new(study: &Study) -> Self {
        Self::of_range(study, 0, study.subjects.len(), None)
    }

    /// Sorts the rows of one subject.
    pub fn one(study: &Study, subject: usize) -> Self {
        Self::of_range(study, subject, 1, None)
    }

    /// Sorts the rows of one subject, of the findings those given only.
    pub fn part(study: &Study, subject: usize, findings: &[u32]) -> Self {
        Self::of_range(study, subject, 1, Some(findings))
    }

    /// The index of one subject whose rows were moved to another study, as its subject `subject`.
    #[must_use]
    pub fn moved_to(mut self, subject: usize) -> Self {
        self.first_subject = subject;
        self
    }

    fn of_range(study: &Study, first: usize, count: usize, rows: Option<&[u32]>) -> Self {
        let row_of =
            |subject: u32| (subject as usize).checked_sub(first).filter(|&row| row < count);
        let findings = &study.findings;
        let row = |place: usize| rows.map_or(place, |rows| rows[place] as usize);
        let key = |place: usize| {
            let row = row(place);
            Some(row_of(findings.subject[row])? * ANALYTES + findings.analyte[row] as usize)
        };
        let blank = Point { day: 0.0, value: 0.0, below_limit: false };
        let fill = |place: usize| {
            let row = row(place);
            Point {
                day: findings.day[row],
                value: findings.value[row],
                below_limit: findings.below_limit[row],
            }
        };
        let places = rows.map_or(findings.len(), <[u32]>::len);
        let (mut points, starts) = bucket(places, count * ANALYTES, key, blank, fill);
        sort_points(&mut points, &starts);

        let given = &study.exposures;
        let blank = Dose { treatment: Treatment::CellProduct, day: 0.0 };
        let fill = |row: usize| Dose { treatment: given.treatment[row], day: given.day[row] };
        let key = |row: usize| row_of(given.subject[row]);
        let (mut doses, dose_starts) = bucket(given.subject.len(), count, key, blank, fill);
        sort_buckets(&mut doses, &dose_starts, |dose| dose.day);

        let told = &study.events;
        let fill = |row: usize| Reported {
            term: told.term[row],
            start: told.start[row],
            end: told.end[row],
            grade: told.grade[row],
            related: told.related[row],
        };
        let blank = Reported {
            term: EventTerm::Infection,
            start: 0.0,
            end: None,
            grade: 0,
            related: false,
        };
        let key = |row: usize| row_of(told.subject[row]);
        let (mut events, event_starts) = bucket(told.subject.len(), count, key, blank, fill);
        sort_buckets(&mut events, &event_starts, |event| event.start);
        let (remarks, remark_starts) = remarks(study, count, row_of);
        Self {
            first_subject: first,
            points,
            starts,
            doses,
            dose_starts,
            events,
            event_starts,
            remarks,
            remark_starts,
            responses: adjudicated(study, count, row_of),
            cutoff_calendar: cutoff_calendar(study),
        }
    }

    /// The subject's rows, all of them. The study must be the one the index was built from.
    pub fn subject(&self, study: &Study, subject: usize) -> SubjectRecords<'_> {
        let row = subject - self.first_subject;
        let about = &study.subjects;
        let slice = |starts: &[u32]| starts[row] as usize..starts[row + 1] as usize;
        SubjectRecords {
            points: &self.points,
            starts: &self.starts[row * ANALYTES..=(row + 1) * ANALYTES],
            doses: &self.doses[slice(&self.dose_starts)],
            events: &self.events[slice(&self.event_starts)],
            remarks: &self.remarks[slice(&self.remark_starts)],
            responses: self.responses.get(row).map_or(&[], Vec::as_slice),
            as_of: f64::INFINITY,
            baseline: Baseline::default(),
            related_only: false,
            cutoff: about.infused_calendar[subject]
                .map_or(about.last_known_alive_day[subject], |day| self.cutoff_calendar - day),
            enrolled_day: about.enrolled_day[subject],
            light_chain: about.light_chain[subject],
            new_therapy_day: about.new_therapy_day[subject],
            death_day: about.death_day[subject],
            death_cause: about.death_cause[subject],
            last_known_alive_day: about.last_known_alive_day[subject],
            dose_fraction: about.dose_fraction[subject],
        }
    }
}

impl<'a> SubjectRecords<'a> {
    /// Only what was known on that day.
    #[must_use]
    pub fn as_of(mut self, day: f64) -> Self {
        self.as_of = day;
        self.doses = upto(self.doses, day, |dose| dose.day);
        self.events = upto(self.events, day, |event| event.start);
        self.new_therapy_day = self.new_therapy_day.filter(|&start| start <= day);
        self.death_day = self.death_day.filter(|&death| death <= day);
        self.death_cause = self.death_day.and(self.death_cause);
        self.last_known_alive_day = self.last_known_alive_day.min(day);
        self
    }

    /// With another rule for what is a baseline value.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// With only those reports of syndromes that the product may have caused.
    #[must_use]
    pub fn with_related_syndromes_only(mut self) -> Self {
        self.related_only = true;
        self
    }

    /// Whether a report of a syndrome counts, given what is asked for.
    pub fn counts_syndrome(&self, report: &Reported) -> bool {
        report.related || !self.related_only
    }

    /// The day the records end for this subject: the day asked for, or the study's last contact.
    pub fn known_until(&self) -> f64 {
        if self.as_of.is_finite() { self.as_of } else { self.cutoff }
    }

    /// The last day on which the subject was seen: death, or last known alive.
    pub fn observed_until(&self) -> f64 {
        self.death_day.unwrap_or(self.last_known_alive_day)
    }

    /// Values of one analyte, by day.
    #[inline]
    pub fn series(&self, analyte: Analyte) -> &'a [Point] {
        let at = analyte as usize;
        let all = &self.points[self.starts[at] as usize..self.starts[at + 1] as usize];
        upto(all, self.as_of, |point| point.day)
    }

    /// Lower and upper limit of normal that the laboratory gave with an analyte: those of the last
    /// value on or before a day, else the first that were given later.
    pub fn limits_of_normal(&self, analyte: Analyte, day: f64) -> (Option<f64>, Option<f64>) {
        if self.remarks.is_empty() {
            return (None, None);
        }
        let of_analyte = || self.remarks_of(analyte).iter();
        let limit = |of: fn(&Remark) -> Option<f64>| {
            let told = || of_analyte().filter(|said| of(&said.remark).is_some());
            let known = told().rfind(|said| said.day <= day + 1e-9).or_else(|| told().next());
            known.and_then(|said| of(&said.remark))
        };
        (limit(|remark| remark.lower), limit(|remark| remark.upper))
    }

    /// Whether the investigator judges the analyte's value of that day spurious.
    pub fn is_spurious(&self, analyte: Analyte, day: f64) -> bool {
        self.said(analyte, day).any(|remark| remark.spurious)
    }

    /// Whether the analyte's value of that day is told to begin an assessment.
    pub fn begins_assessment(&self, analyte: Analyte, day: f64) -> bool {
        self.said(analyte, day).any(|remark| remark.begins_assessment)
    }

    /// What is said of the analyte's value of that day.
    fn said(&self, analyte: Analyte, day: f64) -> impl Iterator<Item = Remark> {
        let of_analyte = self.remarks_of(analyte);
        let from = of_analyte.partition_point(|said| said.day < day - 1e-9);
        of_analyte[from..]
            .iter()
            .take_while(move |said| said.day <= day + 1e-9)
            .map(|said| said.remark)
    }

    fn remarks_of(&self, analyte: Analyte) -> &'a [Said] {
        let from = self.remarks.partition_point(|said| said.analyte < analyte);
        let to = self.remarks.partition_point(|said| said.analyte <= analyte);
        &self.remarks[from..to]
    }

    /// Administrations, by day.
    pub fn doses(&self) -> &'a [Dose] {
        self.doses
    }

    /// Reported events, by first day; an end after the day asked for is not yet known.
    pub fn events(&self) -> impl Iterator<Item = Reported> + 'a {
        let as_of = self.as_of;
        self.events
            .iter()
            .map(move |event| Reported { end: event.end.filter(|&end| end <= as_of), ..*event })
    }

    /// Responses that the site adjudicated, by day, those without one first.
    pub fn responses(&self) -> impl Iterator<Item = &'a Adjudicated> {
        let as_of = self.as_of;
        self.responses.iter().filter(move |one| one.day.is_none_or(|day| day <= as_of))
    }

    /// Days of cell infusions.
    pub fn infusions(&self) -> impl Iterator<Item = f64> + 'a {
        self.doses
            .iter()
            .filter(|dose| {
                matches!(dose.treatment, Treatment::CellProduct | Treatment::CellProductSecond)
            })
            .map(|dose| dose.day)
    }

    /// The last day on which a value is a baseline value: the first study treatment (for cell
    /// therapy the first day of lymphodepletion), or day 0 without any.
    pub fn baseline_day(&self) -> f64 {
        if self.baseline == Baseline::Infusion {
            return 0.0;
        }
        self.doses
            .iter()
            .find(|dose| {
                matches!(
                    dose.treatment,
                    Treatment::CellProduct
                        | Treatment::CellProductSecond
                        | Treatment::Fludarabine
                        | Treatment::Cyclophosphamide
                        | Treatment::AntiCd38
                )
            })
            .map_or(0.0, |dose| dose.day.min(0.0))
    }

    /// Baseline value: the last on or before [`Self::baseline_day`], else the last on or before
    /// day 0.
    pub fn baseline(&self, analyte: Analyte) -> Option<Point> {
        let series = self.series(analyte);
        let last = |day: f64| upto(series, day + 1e-9, |point| point.day).last().copied();
        last(self.baseline_day()).or_else(|| last(0.0))
    }

    /// Values after day 0.
    pub fn after_baseline(&self, analyte: Analyte) -> &'a [Point] {
        let series = self.series(analyte);
        &series[series.partition_point(|point| point.day <= 1e-9)..]
    }
}

/// The rows of a sorted slice on or before a day.
#[inline]
pub(crate) fn upto<T>(rows: &[T], day: f64, day_of: impl Fn(&T) -> f64) -> &[T] {
    if rows.last().is_none_or(|last| day_of(last) <= day) {
        return rows;
    }
    &rows[..rows.partition_point(|row| day_of(row) <= day)]
}

/// Rows put in buckets in one pass, the order within a bucket kept.
fn bucket<T: Copy>(
    rows: usize,
    buckets: usize,
    key: impl Fn(usize) -> Option<usize>,
    blank: T,
    fill: impl Fn(usize) -> T,
) -> (Vec<T>, Vec<u32>) {
    let mut starts = vec![0_u32; buckets + 1];
    for at in (0..rows).filter_map(&key) {
        starts[at + 1] += 1;
    }
    for at in 0..buckets {
        starts[at + 1] += starts[at];
    }
    let mut sorted = vec![blank; starts[buckets] as usize];
    for row in 0..rows {
        if let Some(at) = key(row) {
            sorted[starts[at] as usize] = fill(row);
            starts[at] += 1;
        }
    }
    // every start has moved to the start of the next bucket
    starts.rotate_right(1);
    starts[0] = 0;
    (sorted, starts)
}

/// The remarks of some subjects, each subject's by analyte and day.
fn remarks(
    study: &Study,
    count: usize,
    row_of: impl Fn(u32) -> Option<usize>,
) -> (Vec<Said>, Vec<u32>) {
    let told = &study.remarks;
    let blank = Said { analyte: Analyte::SerumMProtein, day: 0.0, remark: Remark::default() };
    let fill =
        |at: usize| Said { analyte: told.analyte[at], day: told.day[at], remark: told.remark[at] };
    let (mut said, starts) = bucket(told.len(), count, |at| row_of(told.subject[at]), blank, fill);
    for range in starts.windows(2) {
        let rows = &mut said[range[0] as usize..range[1] as usize];
        rows.sort_by(|a, b| a.analyte.cmp(&b.analyte).then(a.day.total_cmp(&b.day)));
    }
    (said, starts)
}

/// The site's responses of some subjects; nothing at all where there are none.
fn adjudicated(
    study: &Study,
    count: usize,
    row_of: impl Fn(u32) -> Option<usize>,
) -> Vec<Vec<Adjudicated>> {
    let told = &study.responses;
    if told.is_empty() {
        return Vec::new();
    }
    let mut found = vec![Vec::new(); count];
    for at in 0..told.len() {
        if let Some(row) = row_of(told.subject[at]) {
            found[row].push(Adjudicated {
                day: told.day[at],
                response: told.response[at],
                is_best: told.is_best[at],
                evaluator: told.evaluator[at].clone(),
            });
        }
    }
    for rows in &mut found {
        rows.sort_by(|a, b| {
            let day = |one: &Adjudicated| one.day.unwrap_or(f64::NEG_INFINITY);
            (day(a).total_cmp(&day(b)))
                .then(a.is_best.cmp(&b.is_best))
                .then(a.evaluator.cmp(&b.evaluator))
                .then(a.response.cmp(&b.response))
        });
    }
    found
}

fn sort_buckets<T>(rows: &mut [T], starts: &[u32], day: impl Fn(&T) -> f64) {
    for range in starts.windows(2) {
        let rows = &mut rows[range[0] as usize..range[1] as usize];
        if !rows.is_sorted_by(|a, b| day(a) <= day(b)) {
            rows.sort_by(|a, b| day(a).total_cmp(&day(b)));
        }
    }
}

/// By day; of values of one day the higher stands last, whatever the order of the rows.
fn sort_points(points: &mut [Point], starts: &[u32]) {
    let order = |a: &Point, b: &Point| {
        a.day
            .total_cmp(&b.day)
            .then(a.value.total_cmp(&b.value))
            .then(b.below_limit.cmp(&a.below_limit))
    };
    for range in starts.windows(2) {
        let points = &mut points[range[0] as usize..range[1] as usize];
        if !points.is_sorted_by(|a, b| a.day < b.day) {
            points.sort_by(order);
        }
    }
}

/// The last calendar day on which anybody was seen: the end of the data.
fn cutoff_calendar(study: &Study) -> f64 {
    let about = &study.subjects;
    (0..about.len())
        .filter_map(|row| {
            let seen = about.death_day[row].unwrap_or(about.last_known_alive_day[row]);
            about.infused_calendar[row].map(|day| day + seen.max(about.last_known_alive_day[row]))
        })
        .fold(f64::NEG_INFINITY, f64::max)
}
