//! Where packets can go, and which requests are allowed.

use std::path::PathBuf;

use pyo3::prelude::*;
use sce::aws::iam;
use sce::cidr::{Cidr, Need, allocate};
use sce::describe::{flow, read_tree};
use sce::reach::{Outcome, Reach};
use serde::Serialize;
use serde_json::{Value, json};

use crate::errors::{Raise, input, refused};
use crate::inputs::read;
use crate::offline::to_python;

/// A network that was planned, observed or saved.
#[pyclass(frozen, module = "sce._sce")]
pub(crate) struct Network {
    network: sce::network::Network,
    /// Files that were passed by, and why.
    passed_by: Vec<(String, String)>,
}

impl Network {
    pub(crate) fn new(network: sce::network::Network, passed_by: Vec<(String, String)>) -> Self {
        Self { network, passed_by }
    }
}

/// What was not read, and files that nothing was taken from, each with the reason.
type Unread = (Py<PyAny>, Vec<(String, String)>);

#[pymethods]
impl Network {
    /// What becomes of each flow, each written as JSON.
    fn walk(&self, py: Python<'_>, flows: Vec<String>) -> PyResult<Py<PyAny>> {
        let outcomes = py.detach(|| {
            let reach = Reach::of(&self.network);
            flows.iter().map(|line| one(line, &reach, &self.network)).collect::<Result<Vec<Outcome>, Raise>>()
        })?;
        to_python(py, &outcomes)
    }

    /// All that the internet can have a conversation with.
    fn exposed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let exposed = py.detach(|| Reach::of(&self.network).exposed());
        to_python(py, &exposed)
    }

    /// What is there by its name: VPCs, subnets and interfaces.
    fn names(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let network = &self.network;
        to_python(
            py,
            &json!({
                "vpcs": network.vpcs.iter().map(|(id, _)| network.vpcs.name(id)).collect::<Vec<_>>(),
                "subnets": network.subnets.iter().map(|(id, _)| network.subnets.name(id)).collect::<Vec<_>>(),
                "interfaces": network.interfaces.iter().map(|(id, _)| network.interfaces.name(id)).collect::<Vec<_>>(),
            }),
        )
    }

    /// What was not read, and so is taken as wide as it may be; and files that were passed by.
    fn unread(&self, py: Python<'_>) -> PyResult<Unread> {
        let told = self.network.unread.iter().map(|unread| json!({ "what": unread.what, "why": unread.why }));
        Ok((to_python(py, &told.collect::<Vec<Value>>())?, self.passed_by.clone()))
    }
}

fn one(line: &str, reach: &Reach<'_>, network: &sce::network::Network) -> Result<Outcome, Raise> {
    let flow = flow::parse(line, reach, network).map_err(|error| refused(&error, error.help()))?;
    Ok(reach.walk(&flow))
}

/// The network that saved answers of AWS describe.
#[pyfunction]
pub(crate) fn read_network(py: Python<'_>, folder: PathBuf) -> PyResult<Network> {
    let network = py.detach(|| {
        let saved = read_tree(&folder).map_err(|error| refused(&error, error.help()))?;
        let described = saved.described().map_err(|error| refused(&error, error.help()))?;
        if described.network.vpcs.is_empty() {
            return Err(input(format!("no file in `{}` describes a network", folder.display())));
        }
        let passed_by = described.not_understood.iter().map(|file| (file.path.to_owned(), file.why.clone())).collect();
        Ok(Network::new(described.network, passed_by))
    })?;
    Ok(network)
}

/// Decides requests, each written as JSON with the policies that it meets.
#[pyfunction]
pub(crate) fn authorize(py: Python<'_>, requests: Vec<String>) -> PyResult<Py<PyAny>> {
    let decisions = py.detach(|| {
        let decide = |(at, text): (usize, &String)| {
            let decided = iam::authorize(at + 1, text).map_err(|error| refused(&error, error.help()))?;
            decided.ok_or_else(|| input(format!("request {} is empty", at + 1)))
        };
        requests.iter().enumerate().map(decide).collect::<Result<Vec<iam::Decision>, Raise>>()
    })?;
    to_python(py, &decisions)
}

/// Divides a network into subnets.
#[pyfunction]
pub(crate) fn divide(
    py: Python<'_>,
    block: &str,
    needs: Vec<(String, u32)>,
    taken: Vec<String>,
) -> PyResult<Py<PyAny>> {
    #[derive(Serialize)]
    struct Divided {
        subnets: Vec<sce::cidr::Subnet>,
        free: Vec<Cidr>,
    }
    let needs: Vec<Need> = needs.into_iter().map(|(name, hosts)| Need { name, hosts }).collect();
    let taken = taken.iter().map(|text| read::<Cidr>("a range", text)).collect::<Result<Vec<_>, _>>()?;
    let divided = allocate(&read("a network", block)?, &needs, &taken);
    let sce::cidr::Allocation { subnets, free } = divided.map_err(|error| refused(&error, error.help()))?;
    to_python(py, &Divided { subnets, free })
}
