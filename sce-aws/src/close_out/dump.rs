//! How what is in a database gets out, since no archive holds it.

use std::fmt;

/// How what is in a database gets into the output bucket. Nothing of it comes out by AWS's own means: RDS has no call that reads rows, and a
/// last snapshot would be encrypted with the environment's key, so that nobody could open it once that key is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// The database's place in the plan.
    pub node: String,
    /// What AWS calls it.
    pub identifier: String,
    /// The name it is reached by; none while it is being made.
    pub address: Option<String>,
    /// The master account's name.
    pub user: &'static str,
    /// A folder of the private machine with room for it: the data volume's, where there is one.
    pub folder: String,
    /// The output bucket.
    pub bucket: String,
}

/// What to type, on the private machine, and where the password is.
impl fmt::Display for Dump {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, identifier, address, user, folder, bucket } = self;
        let (address, file) = (address.as_deref().unwrap_or("ADDRESS"), format!("{folder}/{node}-NAME.dump"));
        write!(
            out,
            "of `{node}`, on the private machine and for each database NAME in it: `pg_dump --format=custom --file {file} \
             \"host={address} user={user} dbname=NAME sslmode=require\" && aws s3 cp {file} s3://{bucket}/`; Secrets Manager \
             has the password (`aws rds describe-db-instances --db-instance-identifier {identifier} --query \
             'DBInstances[0].MasterUserSecret.SecretArn'` names it to an administrator)"
        )
    }
}
