//! Every given file is read; a key that is nearly right stops the gNB or srsUE, or changes nothing.

use crate::doctor::finding::Found;
use crate::doctor::subject::Lab;

pub(in crate::doctor) fn files(lab: &Lab, found: &mut Found) {
    for given in &lab.given {
        match &given.read {
            Ok(what) => found.ok(format!("{}: {what}", given.file)),
            Err(why) => {
                // Errors of a line begin with the file's name already.
                let named = why.starts_with(&given.file);
                let cause = if named { why.clone() } else { format!("{}: {why}", given.file) };
                found.fail(cause, "correct it, or give the right file");
            }
        }
    }
    for (key, place, meant) in lab.gnb.iter().flat_map(|gnb| gnb.slips()) {
        found.fail(
            format!("`{key}` ({place}) is no key of the gNB: it does not start with it"),
            format!("did you mean `{meant}`?"),
        );
    }
    for ue in &lab.ues {
        for (key, line, meant) in ue.slips() {
            found.fail(
                format!("`{key}` ({}:{line}) is no key of srsUE: it does not start with it", ue.file),
                format!("did you mean `{meant}`?"),
            );
        }
    }
    if lab.given.is_empty() {
        found.skip("no file given: -c, --gnb, --ue, --core name them");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::fixtures::{GNB, UE, changed, gnb, lab, ue};
    use crate::doctor::subject::Given;

    #[test]
    fn slips_and_unreadable_files_are_named() {
        let mut lab = lab();
        lab.given = vec![
            Given { file: "gnb.yml".into(), read: Ok("gNB".into()) },
            Given { file: "x.yml".into(), read: Err("x.yml:3:1: not YAML".into()) },
            Given { file: "core".into(), read: Err("No such file or directory".into()) },
        ];
        lab.gnb = Some(gnb(&changed(GNB, "srate: 11.52", "srat: 11.52")));
        lab.ues = vec![ue(&changed(UE, "nof_prb = 52", "nof_prbs = 52"))];
        let found = look(files, &lab);
        says(&found, Verdict::Ok, &["gnb.yml: gNB"]);
        says(&found, Verdict::Failure, &["core: No such file"]);
        assert!(found.iter().any(|f| f.what == "x.yml:3:1: not YAML"), "{found:#?}");
        says(&found, Verdict::Failure, &["ru_sdr.srat", "gnb.yml:", "did you mean `srate`?"]);
        says(&found, Verdict::Failure, &["did you mean `rat.nr."]);
    }

    #[test]
    fn good_files_are_good() {
        clean(&look(files, &lab()));
    }
}
