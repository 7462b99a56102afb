//! What needs no account: specs, locks, plans, and what follows from them.

use std::path::PathBuf;

use pyo3::prelude::*;
use pythonize::pythonize;
use sce::checks::{SpecText, register, rule, rules as all_rules, rules_of_account, sarif};
use sce::cost::{Assumptions, HoursPerWeek, Prices};
use sce::coverage::{Proof as CoverageProof, coverage};
use sce::spec::Format;
use sce::{Declared, Finding, Intent, Proof};
use serde::Serialize;
use serde_json::{Value, json};

use crate::errors::{Raise, input, refused};
use crate::inputs::{Judging, catalogue, institution, prices, read};
use crate::network::Network;
use crate::target::Place;

/// A value as Python's own lists, dictionaries and numbers.
pub(crate) fn to_python(py: Python<'_>, value: &impl Serialize) -> PyResult<Py<PyAny>> {
    Ok(pythonize(py, value)?.unbind())
}

fn to_json(value: &impl Serialize) -> String {
    // A spec, a lock and a plan have no key that is no text.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A spec, and where it was read.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Spec {
    pub(crate) spec: sce::spec::Spec,
    path: Option<PathBuf>,
}

#[pymethods]
impl Spec {
    #[staticmethod]
    fn parse(text: &str, json: bool) -> PyResult<Self> {
        let format = if json { Format::Json } else { Format::Toml };
        let spec = sce::spec::parse(text, format).map_err(Raise::from)?;
        Ok(Self { spec, path: None })
    }

    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let file = sce::SpecFile::read(&path).map_err(Raise::from)?;
        Ok(Self { spec: file.spec, path: Some(path) })
    }

    fn json(&self) -> String {
        to_json(&self.spec)
    }

    #[getter]
    fn path(&self) -> Option<PathBuf> {
        self.path.clone()
    }

    #[getter]
    fn pit(&self) -> String {
        self.spec.pit.to_string()
    }

    #[getter]
    fn region(&self) -> String {
        self.spec.region.to_string()
    }

    #[getter]
    fn owner(&self) -> String {
        self.spec.owner.clone()
    }

    /// The lock beside the file; placeholders where there is none, or no file.
    fn kept_lock(&self) -> PyResult<Lock> {
        let lock = match self.file() {
            Some(file) => file.lock().map_err(Raise::from)?.0,
            None => sce::lock::Lock::offline(&self.spec),
        };
        Ok(Lock { lock })
    }

    fn offline_lock(&self) -> Lock {
        Lock { lock: sce::lock::Lock::offline(&self.spec) }
    }
}

impl Spec {
    /// The file that the spec was read from.
    pub(crate) fn file(&self) -> Option<sce::SpecFile> {
        let path = self.path.clone()?;
        Some(sce::SpecFile { path, spec: self.spec.clone() })
    }
}

/// What the account supplies.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Lock {
    pub(crate) lock: sce::lock::Lock,
}

#[pymethods]
impl Lock {
    #[staticmethod]
    fn parse(json: &str) -> PyResult<Self> {
        let lock = serde_json::from_str(json).map_err(|error| refused(&error, None::<String>))?;
        Ok(Self { lock })
    }

    fn json(&self) -> String {
        to_json(&self.lock)
    }

    #[getter]
    fn offline(&self) -> bool {
        self.lock.offline
    }

    #[getter]
    fn account(&self) -> String {
        self.lock.account.to_string()
    }
}

/// A plan, with the spec and the lock that it follows from.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Plan {
    pub(crate) plan: sce::Plan,
    pub(crate) spec: sce::spec::Spec,
    pub(crate) lock: sce::lock::Lock,
}

/// Findings, proofs, and whether they stop a plan.
#[derive(Serialize)]
struct Judged<'a> {
    findings: &'a [Finding],
    proofs: &'a [Proof],
    /// The places, among the findings, of those that stop it.
    blocking: Vec<usize>,
}

impl<'a> Judged<'a> {
    fn new(findings: &'a [Finding], proofs: &'a [Proof]) -> Self {
        let blocking = findings.iter().enumerate().filter(|(_, finding)| finding.blocks()).map(|(at, _)| at).collect();
        Self { findings, proofs, blocking }
    }
}

#[pymethods]
impl Plan {
    #[new]
    fn new(spec: &Spec, lock: &Lock) -> PyResult<Self> {
        let plan = sce::plan(&spec.spec, &lock.lock).map_err(Raise::from)?;
        Ok(Self { plan, spec: spec.spec.clone(), lock: lock.lock.clone() })
    }

    fn json(&self) -> String {
        self.plan.to_json()
    }

    fn text(&self) -> String {
        self.plan.to_text()
    }

    /// The diagram.
    fn svg(&self) -> String {
        sce::render::svg::diagram(&self.plan)
    }

    #[getter]
    fn digest(&self) -> String {
        self.plan.digest.clone()
    }

    #[getter]
    fn offline(&self) -> bool {
        self.plan.offline
    }

    fn nodes(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        to_python(py, &self.plan.nodes)
    }

    fn check(&self, py: Python<'_>, judging: Judging) -> PyResult<Py<PyAny>> {
        let (findings, proofs) = py.detach(|| self.judged(&judging))?;
        to_python(py, &Judged::new(&findings, &proofs))
    }

    #[pyo3(signature = (beside=None))]
    fn prove(&self, py: Python<'_>, beside: Option<&Self>) -> PyResult<Py<PyAny>> {
        let intent = Intent::of(&self.spec, &self.lock, &self.plan);
        let intent = match beside {
            Some(other) if other.plan.pit == self.plan.pit => {
                let message = format!("both plans are of `{}`: no environment is isolated from itself", other.plan.pit);
                return Err(input(message).into());
            }
            Some(other) => intent.beside(sce::model::Model::planned(&other.plan)),
            None => intent,
        };
        let proofs = py.detach(|| sce::prove(&sce::model::Model::planned(&self.plan), &intent));
        to_python(py, &proofs)
    }

    #[pyo3(signature = (hours_per_week=None, prices_file=None))]
    fn cost(
        &self,
        py: Python<'_>,
        hours_per_week: Option<u8>,
        prices_file: Option<PathBuf>,
    ) -> PyResult<(Py<PyAny>, String)> {
        let own = prices_file.as_deref().map(prices).transpose()?;
        let prices = own.as_ref().unwrap_or(Prices::built_in());
        let usual = Assumptions::default();
        let hours_per_week = match hours_per_week {
            Some(hours) => read::<HoursPerWeek>("hours a week", &hours.to_string())?,
            None => usual.hours_per_week,
        };
        let estimate = sce::estimate(&self.plan, &Assumptions { hours_per_week, ..usual }, prices)
            .map_err(|error| refused(&error, error.help()))?;
        Ok((to_python(py, &estimate)?, estimate.to_text()))
    }

    fn coverage(&self, py: Python<'_>, judging: Judging) -> PyResult<(Py<PyAny>, String)> {
        let (findings, proofs) = py.detach(|| self.judged(&judging))?;
        covered(py, &self.plan, &findings, &proofs, &judging)
    }

    fn register(&self, py: Python<'_>, judging: Judging) -> PyResult<(Py<PyAny>, String)> {
        let (findings, _) = py.detach(|| self.judged(&judging))?;
        registered(py, &self.spec, &findings, &judging)
    }

    /// Findings and claims as SARIF, with the lines of the spec's file that they are about.
    fn sarif(&self, py: Python<'_>, judging: Judging, path: PathBuf, uri: &str, all: bool) -> PyResult<Py<PyAny>> {
        let text = sce::read_text(&path).map_err(Raise::from)?;
        let (findings, proofs) = py.detach(|| self.judged(&judging))?;
        let spec = SpecText { uri, text: &text, format: Format::of_file(uri) };
        to_python(py, &sarif(&findings, &proofs, spec, all))
    }

    /// For the environment, or for what the account has once.
    fn permissions(&self, py: Python<'_>, account: bool, bypass_governance: bool) -> PyResult<Py<PyAny>> {
        if !account {
            return to_python(py, &sce::permissions(&self.plan, sce::rights::Extras { bypass_governance }));
        }
        // The lock tells the account; its administrators are in no policy for whoever runs sce.
        let (account, region) = (self.plan.account.clone(), self.plan.region.clone());
        let place = sce::AccountPlace { account, region, administrators: Vec::new() };
        to_python(py, &sce::account_permissions(&sce::AccountSettings::of(&self.spec), &place))
    }

    fn diff(&self, py: Python<'_>, earlier: &Self) -> PyResult<Py<PyAny>> {
        to_python(py, &sce::diff(&earlier.plan, &self.plan))
    }

    fn model(&self) -> Model {
        Model {
            model: sce::model::Model::planned(&self.plan),
            plan: self.plan.clone(),
            spec: self.spec.clone(),
            lock: self.lock.clone(),
            left_out: Vec::new(),
        }
    }
}

impl Plan {
    /// Where it is of.
    pub(crate) fn place(&self) -> Place<'_> {
        Place::Region(&self.plan.region)
    }

    fn judged(&self, judging: &Judging) -> Result<(Vec<Finding>, Vec<Proof>), Raise> {
        let terms = judging.terms(&self.plan)?;
        let checked = sce::check(self.plan.clone(), self.spec.clone(), self.lock.clone(), terms);
        Ok(match checked {
            Ok(checked) => (checked.findings().to_vec(), checked.proofs().to_vec()),
            Err(refused) => (refused.findings, refused.proofs),
        })
    }
}

/// The state of an environment, planned, live or saved, in the terms of its plan.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Model {
    pub(crate) model: sce::model::Model,
    pub(crate) plan: sce::Plan,
    pub(crate) spec: sce::spec::Spec,
    pub(crate) lock: sce::lock::Lock,
    /// Saved files that nothing was taken from.
    pub(crate) left_out: Vec<String>,
}

#[pymethods]
impl Model {
    #[getter]
    fn pit(&self) -> String {
        self.plan.pit.to_string()
    }

    fn source(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        to_python(py, &self.model.source)
    }

    fn resources(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let told = |resource: &sce::model::Resource| {
            let sce::model::Resource { node, name, scope, tags, properties } = resource;
            let (kind, properties) = (properties.kind().word(), properties.to_json());
            json!({ "node": node, "kind": kind, "name": name, "scope": scope, "tags": tags, "properties": properties })
        };
        to_python(py, &self.model.resources.iter().map(told).collect::<Vec<Value>>())
    }

    fn unread(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let told = self.model.unread.iter().map(|(node, unread)| json!({ "node": node, "why": unread.why }));
        to_python(py, &told.collect::<Vec<Value>>())
    }

    fn check(&self, py: Python<'_>, judging: Judging) -> PyResult<Py<PyAny>> {
        let (findings, proofs) = py.detach(|| self.judged(&judging))?;
        to_python(py, &Judged::new(&findings, &proofs))
    }

    fn coverage(&self, py: Python<'_>, judging: Judging) -> PyResult<(Py<PyAny>, String)> {
        let (findings, proofs) = py.detach(|| self.judged(&judging))?;
        covered(py, &self.plan, &findings, &proofs, &judging)
    }

    fn register(&self, py: Python<'_>, judging: Judging) -> PyResult<(Py<PyAny>, String)> {
        let (findings, _) = py.detach(|| self.judged(&judging))?;
        registered(py, &self.spec, &findings, &judging)
    }

    /// Saved files that nothing was taken from.
    #[getter]
    fn left_out(&self) -> Vec<String> {
        self.left_out.clone()
    }

    fn prove(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        to_python(py, &py.detach(|| self.proofs()))
    }

    fn network(&self, py: Python<'_>) -> Network {
        Network::new(py.detach(|| sce::network::Network::of_model(&self.model)), Vec::new())
    }
}

impl Model {
    fn judged(&self, judging: &Judging) -> Result<(Vec<Finding>, Vec<Proof>), Raise> {
        let terms = judging.terms(&self.plan)?;
        Ok((sce::judge(&self.model, &Declared::of(&self.spec), &terms), self.proofs()))
    }

    fn proofs(&self) -> Vec<Proof> {
        sce::prove(&self.model, &Intent::of(&self.spec, &self.lock, &self.plan))
    }
}

fn covered(
    py: Python<'_>,
    plan: &sce::Plan,
    findings: &[Finding],
    proofs: &[Proof],
    judging: &Judging,
) -> PyResult<(Py<PyAny>, String)> {
    let proofs: Vec<CoverageProof> = proofs.iter().map(CoverageProof::from).collect();
    let coverage = coverage(findings, &proofs, plan.pit.as_str(), judging.day()?);
    Ok((to_python(py, &coverage)?, coverage.to_markdown()))
}

fn registered(
    py: Python<'_>,
    spec: &sce::spec::Spec,
    findings: &[Finding],
    judging: &Judging,
) -> PyResult<(Py<PyAny>, String)> {
    let register = register(findings, spec.pit.as_str(), &spec.owner, judging.day()?);
    Ok((to_python(py, &register)?, register.to_markdown()))
}

/// What each call of sce needs, kind by kind.
#[pyfunction]
pub(crate) fn permissions_table(py: Python<'_>) -> PyResult<Py<PyAny>> {
    to_python(py, &sce::rights::table())
}

/// The policy that lets `collect` read an account, and do nothing else.
#[pyfunction]
pub(crate) fn collection_permissions(py: Python<'_>) -> PyResult<Py<PyAny>> {
    to_python(py, &sce::collection_permissions())
}

/// What was saved of an account, in the terms of a plan.
#[pyfunction]
pub(crate) fn read_saved(py: Python<'_>, folder: PathBuf, plan: &Plan) -> PyResult<Model> {
    let told = py.detach(|| sce::saved::model(&folder, Some(&plan.plan))).map_err(Raise::from)?;
    let sce::saved::Told { model, left_out } = told;
    Ok(Model { model, plan: plan.plan.clone(), spec: plan.spec.clone(), lock: plan.lock.clone(), left_out })
}

/// A commented spec that plans and checks clean as it stands, with what an institution's policy has new specs start with.
#[pyfunction]
#[pyo3(signature = (pit, access=None, policy=None))]
pub(crate) fn example(pit: &str, access: Option<&str>, policy: Option<PathBuf>) -> PyResult<String> {
    let mode = access.map(|access| serde_json::from_value(Value::from(access)));
    let mode = mode.transpose().map_err(|error| refused(&error, None::<String>))?;
    let institution = policy.as_deref().map(institution).transpose()?;
    let (defaults, whose) = institution.map(|policy| (policy.defaults, policy.name)).unwrap_or_default();
    Ok(defaults.spec(&read("a PIT", pit)?, mode, &whose))
}

/// The JSON Schema of specs.
#[pyfunction]
pub(crate) fn schema(py: Python<'_>) -> PyResult<Py<PyAny>> {
    to_python(py, &sce::spec::schema())
}

/// Rules: one by its name, or all.
#[pyfunction]
#[pyo3(signature = (id=None))]
pub(crate) fn rules(py: Python<'_>, id: Option<&str>) -> PyResult<Py<PyAny>> {
    let Some(id) = id else { return to_python(py, &[all_rules(), rules_of_account()].concat()) };
    let rule = rule(id).map_err(|nearest| {
        let every = "`sce.explain()` lists every rule";
        let help = nearest.map_or_else(|| every.to_owned(), |nearest| format!("did you mean `{nearest}`? {every}"));
        input(format!("there is no rule `{id}`")).advise(help)
    })?;
    to_python(py, &[rule])
}

/// The edition of the catalogue of eligible services that held on a day.
#[pyfunction]
#[pyo3(signature = (on=None, file=None))]
pub(crate) fn catalog(py: Python<'_>, on: Option<&str>, file: Option<PathBuf>) -> PyResult<Py<PyAny>> {
    let own = file.as_deref().map(catalogue).transpose()?;
    let day = on.map_or_else(|| Ok(sce::today()), |text| read("a day", text))?;
    let edition = own.as_ref().unwrap_or(sce::catalog::Catalogue::built_in()).edition_on(day);
    to_python(py, &edition.ok_or_else(|| input(format!("the catalogue has no edition that held on {day}")))?)
}
