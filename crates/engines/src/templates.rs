//! The data that new volumes are copies of. Making it takes a second or more, so a program makes it once for each product.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sim::servers::Failure;

use crate::folder::Folder;
use crate::mariadb::{self, MariaDb};
use crate::postgres::{self, Postgres};
use crate::product::{Place, Product};
use crate::programs;

/// A product, and its data without master user and database.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) product: Arc<dyn Product>,
    pub(crate) data: PathBuf,
}

/// What has been made. Statics are not dropped, so the folder is deleted as that of a program that was killed is.
struct Made {
    folder: Option<Folder>,
    templates: Vec<Template>,
}

static MADE: Mutex<Made> = Mutex::new(Made { folder: None, templates: Vec::new() });

impl Template {
    /// The template for an engine of RDS. Aurora's engines are based on the same products. `None`: there is no product for
    /// it, or it is not installed.
    pub(crate) fn of(engine: &str) -> Result<Option<Self>, Failure> {
        match engine {
            _ if !programs::can_run() => Ok(None),
            "postgres" | "aurora-postgresql" => Self::find(postgres::NAME, || {
                programs::postgres().map(|programs| Arc::new(Postgres::new(programs)) as Arc<dyn Product>)
            }),
            "mysql" | "mariadb" | "aurora-mysql" => Self::find(mariadb::NAME, || {
                programs::mariadb().map(|programs| Arc::new(MariaDb::new(programs)) as Arc<dyn Product>)
            }),
            _ => Ok(None),
        }
    }

    /// The template of a product, which is made if there is none.
    fn find(name: &str, installed: impl FnOnce() -> Option<Arc<dyn Product>>) -> Result<Option<Self>, Failure> {
        // A poisoned lock is used anyway: a template is added when it is complete.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = made.templates.iter().find(|template| template.product.name() == name) {
            return Ok(Some(template.clone()));
        }
        let Some(product) = installed() else { return Ok(None) };
        let Made { folder, templates } = &mut *made;
        let folder = match folder {
            Some(folder) => folder,
            None => folder.insert(Folder::new(None)?),
        };
        let place = Place::new(folder, templates.len() as u64);
        folder.create(place.path())?;
        product.make_template(&place, folder)?;
        made.templates.push(Self { product, data: place.data() });
        Ok(made.templates.last().cloned())
    }
}
