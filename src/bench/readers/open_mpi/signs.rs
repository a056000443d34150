//! The signs by which a message is known, what each means, and what to do about it.

use super::message::{Message, Pick, Pick::*};

/// What a message is to the failure, the likeliest cause first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// labkit, which was there, saw why.
    Seen,
    /// It ends the run by itself.
    Cause,
    /// HPL's own parameters are run in place of those asked for.
    Input,
    /// Harmless, unless something failed: then this is why.
    Suspect,
    /// A rank died, or has no way to another.
    Death,
    /// Somebody else's failure, as seen from here.
    Symptom,
    /// Ended from outside.
    Stopped,
    /// Worth a warning.
    Notice,
}

/// Where the mark of a message stands.
pub enum Place {
    /// In the line behind a line of dashes.
    Block,
    /// At the beginning of any line.
    Line,
    /// Within any line.
    Within,
}

pub struct Sign {
    /// The fact `cause`.
    pub name: &'static str,
    pub mark: &'static str,
    pub place: Place,
    pub weight: Weight,
    /// What is named in the message, by the name of its fact.
    pub objects: &'static [(&'static str, Pick)],
    /// In plain words; `{node}` is the object of that name.
    says: &'static str,
    pub advice: &'static str,
}

/// Objects that are text of the message, and no names.
const SPEECH: &[&str] = &["address", "limit", "message", "reason"];

impl Weight {
    pub fn fails(self) -> bool {
        !matches!(self, Weight::Suspect | Weight::Notice)
    }
}

impl Sign {
    pub fn fits(&self, message: &Message) -> bool {
        let line = message.first();
        match self.place {
            Place::Line => line.starts_with(self.mark),
            Place::Within => line.contains(self.mark),
            // Where a line of it ends depends on the release.
            Place::Block => line.contains(self.mark) || (message.opens && message.paragraph().contains(self.mark)),
        }
    }

    pub fn says(&self, message: &Message) -> String {
        self.objects.iter().fold(self.says.to_owned(), |says, (name, pick)| {
            let value = match pick.of(message) {
                // Neither a number nor what is said of it is a name.
                Some(value) if SPEECH.contains(name) || value.parse::<i64>().is_ok() => value,
                Some(value) => format!("`{value}`"),
                None => "(not named)".to_owned(),
            };
            says.replace(&format!("{{{name}}}"), &value)
        })
    }
}

const fn sign(
    weight: Weight,
    place: Place,
    name: &'static str,
    mark: &'static str,
    objects: &'static [(&'static str, Pick)],
    says: &'static str,
    advice: &'static str,
) -> Sign {
    Sign { name, mark, place, weight, objects, says, advice }
}

/// A shell found nothing to begin where Open MPI's daemon was to be: `orted`, or the `prted` of Open MPI 5.
const fn no_daemon(mark: &'static str, program: &'static [(&'static str, Pick)]) -> Sign {
    sign(
        Weight::Cause,
        Place::Within,
        "no Open MPI on the node",
        mark,
        program,
        "a node has no {program}: Open MPI is not installed there, or in another place",
        "install the same Open MPI on every node, and leave out `--prefix` where all have it from the package",
    )
}

/// A message of Open MPI that is not in the table.
pub const UNKNOWN: Sign = sign(
    Weight::Notice,
    Place::Block,
    "unknown message",
    "",
    &[("message", Told("", ""))],
    "a message that is not known: {message}",
    "",
);

use Place::{Block, Line as AtLine, Within};
use Weight::{Cause, Death, Input, Notice, Seen, Stopped, Suspect, Symptom};

/// The first that fits a line counts.
#[rustfmt::skip]
pub const SIGNS: &[Sign] = &[
    // Before anything runs: ssh.
    sign(Cause, AtLine, "unknown host", "ssh: Could not resolve hostname ",
        &[("host", Line("hostname ", ":")), ("reason", Last(": "))],
        "no address is known for host {host}: {reason}",
        "write its address into the hostfile, or its name into the hosts file of every node"),
    sign(Cause, AtLine, "no connection to host", "ssh: connect to host ",
        &[("host", Line("to host ", " port")), ("port", Line(" port ", ":")), ("reason", Last(": "))],
        "ssh does not reach host {host} at port {port}: {reason}",
        "is it up, is it in this network (`ping`), and does sshd run there?"),
    sign(Cause, Within, "key refused", ": Permission denied (",
        &[("host", Line("", ": Permission denied"))],
        "ssh: {host} accepts none of the keys it was shown",
        "add the public key to authorized_keys there, and let nobody else read the private one (chmod 600)"),
    sign(Cause, Within, "host key changed", "REMOTE HOST IDENTIFICATION HAS CHANGED",
        &[("host", Told("Host key for ", " has changed"))],
        "ssh: the host key of {host} is another than before",
        "if the node was built anew, `ssh-keygen -R` with its name forgets the old one"),
    sign(Cause, Within, "host key unknown", " host key is known for ",
        &[("host", Line("known for ", " and you"))],
        "ssh: the host key of {host} is not known, and nobody is there to confirm it",
        "`--mca plm_rsh_args \"-o StrictHostKeyChecking=accept-new\"`, or one ssh to each node by hand"),
    sign(Cause, AtLine, "host key unknown", "Host key verification failed.",
        &[],
        "ssh: the host key of a node is not known, and nobody is there to confirm it; ssh does not say of which node",
        "`--mca plm_rsh_args \"-o StrictHostKeyChecking=accept-new\"`, or one ssh to each node by hand"),
    sign(Notice, Within, "key readable by others", "' are too open.",
        &[("file", Line("for '", "' are"))],
        "ssh ignores the private key {file}, since others may read it", ""),
    no_daemon("orted: No such file or directory", &[("program", Line(": line 1: ", ": No such"))]),
    no_daemon("prted: No such file or directory", &[("program", Line(": line 1: ", ": No such"))]),
    no_daemon("orted: command not found", &[("program", Line(": line 1: ", ": command"))]),
    no_daemon("prted: command not found", &[("program", Line(": line 1: ", ": command"))]),
    no_daemon("orted: not found", &[("program", Line(": 1: ", ": not found"))]),
    no_daemon("prted: not found", &[("program", Line(": 1: ", ": not found"))]),
    // Before anything runs: mpirun itself.
    sign(Cause, Block, "run as root", "has detected an attempt to run as root.",
        &[],
        "mpirun refuses to run as root",
        "run it as another user, or with `--allow-run-as-root`"),
    // Open MPI 5 puts no line of dashes before it.
    sign(Cause, AtLine, "run as root", "prterun has detected an attempt to run as root.",
        &[],
        "mpirun refuses to run as root",
        "run it as another user, or with `--allow-run-as-root`"),
    sign(Cause, Block, "no launch agent", " was set to a path that could not be found:",
        &[("parameter", Told("parameter \"", "\"")), ("program", Either(&Field("plm_ssh_agent:"), &Field("plm_rsh_agent:")))],
        "{program}, which {parameter} names to begin daemons on the other nodes, is not there",
        "give its whole path, or leave the parameter out: then it is ssh"),
    sign(Cause, Block, "unknown option", "An unrecognized option was included on the mpirun command line:",
        &[("option", Field("Option:"))],
        "mpirun knows no option {option}",
        "`mpirun --help` lists them; options of the program stand behind its name"),
    sign(Cause, AtLine, "unknown option", "mpirun: Error: unknown option ",
        &[("option", Line("option \"", "\""))],
        "mpirun knows no option {option}",
        "`mpirun --help` lists them; options of the program stand behind its name"),
    sign(Cause, Block, "nothing to run", "mpirun could not find anything to do.",
        &[],
        "mpirun was given no program",
        "name the program behind the options"),
    sign(Cause, Block, "nothing to run", "No executable was specified on the ",
        &[],
        "mpirun was given no program",
        "name the program behind the options"),
    sign(Cause, Block, "not enough slots", "There are not enough slots available in the system",
        &[("ranks", Told("to satisfy the ", " slots")), ("program", Below)],
        "{ranks} ranks of {program} are asked for, more than the hosts have slots",
        "ask for fewer, write `slots=` behind the hosts of the hostfile, or `--oversubscribe`"),
    sign(Cause, Block, "no hostfile", "unable to open the hostfile:",
        &[("file", Below)],
        "hostfile {file} is not there or not readable",
        "check its path: it counts from where mpirun was started"),
    sign(Cause, Block, "damaged hostfile", "detected a bad parameter in the hostfile:",
        &[("file", Below), ("parameter", Field("slots="))],
        "hostfile {file}: slots={parameter} is no number of slots",
        "write `slots=` with a number of at least 1"),
    sign(Cause, Block, "damaged hostfile", "detected a parse error in the hostfile:",
        &[("file", Below), ("position", Told("line number ", " on token"))],
        "hostfile {file}: line {position} is not to be read",
        "one host a line: `node01 slots=1`"),
    sign(Cause, Block, "no hosts", "No nodes are available for this job",
        &[],
        "there is no host to run on: the hostfile is empty, or all its hosts are excluded",
        "one host a line: `node01 slots=1`"),
    sign(Cause, Block, "more ranks than cores", "A request was made to bind to that would result in binding more",
        &[("node", Field("Node:")), ("ranks", Field("#processes:")), ("cores", Field("#cpus:"))],
        "node {node}: {ranks} ranks are to be bound to {cores} core",
        "fewer ranks there, or `--bind-to none`"),
    sign(Cause, Block, "no program", "was unable to find the specified executable file",
        &[("program", Field("Executable:")), ("node", Field("Node:"))],
        "program {program} is not on node {node}",
        "install it on every node, or give its whole path; a misspelt option is taken for a program too"),
    sign(Cause, Block, "no program", "was unable to launch the specified application as it could not access",
        &[("program", Field("Executable:")), ("node", Field("Node:"))],
        "program {program} is not on node {node}, or may not be executed there",
        "install it on every node under the same path"),
    sign(Cause, Block, "no program", "was unable to launch the specified application as it lacked permissions",
        &[("program", Field("Executable:")), ("node", Field("Node:"))],
        "program {program} is not on node {node}, or may not be executed there",
        "install it on every node under the same path"),
    sign(Cause, Block, "not started", "was unable to launch the specified application as it encountered an error:",
        &[("reason", Field("Error:")), ("node", Field("Node:"))],
        "the program was not started on node {node}: {reason}",
        "Open MPI 5 says so of a directory that is not there, too: it must be on every node, under the same path"),
    sign(Cause, Block, "not started", "was unable to launch the specified application as it",
        &[("reason", Told("application as it ", ":")), ("directory", Field("Working directory:")), ("node", Field("Node:"))],
        "the program was not started on node {node}: mpirun {reason}",
        "a directory or program must be on every node, under the same path"),
    sign(Cause, Within, "no library", "error while loading shared libraries: ",
        &[("program", Line("", ": error while")), ("library", Line("libraries: ", ":"))],
        "{program} does not find its library {library} on a node",
        "install the same packages on every node"),
    // Transports.
    sign(Cause, Block, "transport is gone", "BTL is no longer available in Open MPI",
        &[("transport", Told("the \"", "\" BTL"))],
        "this Open MPI has no transport {transport} any more",
        "`--mca btl self,tcp`, which every version knows, or `self,vader,tcp`"),
    sign(Cause, Block, "no such component", "A requested component was not found",
        &[("node", Field("Host:")), ("framework", Field("Framework:")), ("component", Field("Component:"))],
        "node {node} has no component {component} of {framework}",
        "check the value of `--mca`: `ompi_info` lists the components"),
    sign(Suspect, Block, "no such interface", "An invalid value was given for ",
        &[("parameter", Told("given for ", ".")), ("interface", Field("Value:")), ("node", Field("Local host:"))],
        "node {node} has no interface or network {interface}, as {parameter} wants it, and that was ignored",
        "name the cluster's network, which is the same on all nodes: `--mca btl_tcp_if_include 192.168.0.0/24`"),
    sign(Suspect, Block, "contradicting parameters", "Two mutually-exclusive MCA variables were specified",
        &[("parameter", Field("1st MCA variable:")), ("other", Field("2nd MCA variable:"))],
        "{parameter} and {other} are given both, and exclude each other",
        "give only one of them; the environment (`OMPI_MCA_…`) counts as well"),
    sign(Death, Block, "no way between ranks", "At least one pair of MPI processes are unable to reach each other",
        &[("node", Behind("Process 1 ", "on host:")), ("other", Behind("Process 2 ", "on host:")),
          ("transports", Field("BTLs attempted:"))],
        "two ranks, on {node} and on {other}, have no way to each other by {transports}",
        "add `tcp` to `--mca btl`, as in `self,tcp`, and check that `btl_tcp_if_include` names a network of both"),
    sign(Symptom, Block, "no connection between ranks", "Open MPI failed to TCP connect to a peer MPI process",
        &[("node", Field("Local host:")), ("address", Field("Message:")), ("reason", Field("Error:"))],
        "a rank on node {node} gets no connection to another: {address}: {reason}",
        "name the cluster's network: `--mca btl_tcp_if_include 192.168.0.0/24`, and the same for `oob_tcp_if_include`; \
         behind VirtualBox's NAT every machine is 10.0.2.15"),
    // While it runs.
    sign(Seen, AtLine, "out of memory", "labkit: killed for want of memory:",
        &[("rank", Line(": rank ", " on")), ("node", Line(" on node ", ""))],
        "rank {rank} on node {node} was killed by the kernel: its memory was full",
        "a smaller N needs less; a pod's own limit is `limits.memory`, and what else runs on a machine counts as well"),
    sign(Seen, AtLine, "disk full", "labkit: the disk is full:",
        &[("rank", Line(": rank ", " on")), ("node", Line(" on node ", ":")), ("directory", Last(": "))],
        "the disk with {directory} on node {node} is full, and rank {rank} could not write what it computed",
        "make room there"),
    sign(Cause, AtLine, "killed", "labkit: killed by signal 9:",
        &[("rank", Line(": rank ", " on")), ("node", Line(" on node ", "")), ("signal", Line("by signal ", ":"))],
        "rank {rank} on node {node} was killed (signal 9)",
        "was its memory full? `dmesg` there tells; a smaller N needs less, and a pod has a limit of its own"),
    sign(Death, AtLine, "died of a signal", "labkit: killed by signal ",
        &[("rank", Line(": rank ", " on")), ("node", Line(" on node ", "")), ("signal", Line("by signal ", ":"))],
        "rank {rank} on node {node} died of signal {signal}",
        "run the program alone on that node; a signal 11 at the start is often a wrong `btl_tcp_if_include`"),
    sign(Cause, Block, "killed", " exited on signal 9 (Killed)",
        &[("rank", Line("process rank ", " with")), ("node", Line(" on node ", " exited")), ("signal", Told("exited on signal ", " "))],
        "rank {rank} on node {node} was killed (signal 9)",
        "was its memory full? `dmesg` there tells; a smaller N needs less, and a pod has a limit of its own"),
    sign(Death, Block, "died of a signal", " exited on signal ",
        &[("rank", Line("process rank ", " with")), ("node", Line(" on node ", " exited")), ("signal", Told("exited on signal ", " "))],
        "rank {rank} on node {node} died of signal {signal}",
        "run the program alone on that node; a signal 11 at the start is often a wrong `btl_tcp_if_include`"),
    sign(Death, Within, "died of a signal", "] Caught signal ",
        &[("node", Line("[", ":")), ("signal", Line("] Caught signal ", ":"))],
        "a rank on node {node} died: signal {signal}",
        "run the program alone on that node; a signal 11 at the start is often a wrong `btl_tcp_if_include`"),
    sign(Death, Within, "died of a signal", "] Signal: ",
        &[("node", Line("[", ":")), ("signal", Line("] Signal: ", ""))],
        "a rank on node {node} died: {signal}",
        "run the program alone on that node; a signal 11 at the start is often a wrong `btl_tcp_if_include`"),
    sign(Death, Block, "aborted", "MPI_ABORT was invoked on rank ",
        &[("rank", Told("on rank ", " in")), ("code", Either(&Field("Errorcode:"), &Told("errorcode ", ".")))],
        "rank {rank} gave up by MPI_Abort with code {code}",
        "what the program printed before says why"),
    sign(Death, Block, "ended with an error", "detected that one or more processes exited with non-zero status",
        &[("code", Field("Exit code:"))],
        "a rank ended with exit code {code}",
        "what the program printed before says why"),
    sign(Symptom, Block, "a rank is gone", "An MPI communication peer process has unexpectedly disconnected",
        &[("node", Field("Local host:")), ("peer", Field("Peer host:"))],
        "a rank on node {peer} is gone, as one on {node} noticed",
        "look on the node of the one that is gone: was its memory full, or the time over?"),
    sign(Symptom, Block, "a node is gone", "has lost communication with a remote daemon",
        &[("node", Behind("Remote daemon:", " on node "))],
        "the daemon of node {node} is gone",
        "what stands before it says why; if nothing does, is the node up, and its network? `ping` it"),
    sign(Symptom, Within, "error in a call", "*** An error occurred in MPI_",
        &[("node", Line("[", ":")), ("call", Line("occurred in ", ""))],
        "{call} failed on node {node}",
        "what stands before it says why"),
    sign(Symptom, Block, "no way between ranks", "MPI_INIT has failed because at least one MPI process is unreachable",
        &[], "a rank has no way to another", "what stands before it says why"),
    sign(Symptom, Block, "start failed", "It looks like MPI_INIT failed for some reason",
        &[], "MPI_Init failed", "what stands before it says why"),
    sign(Symptom, Block, "ended with an error", "job  terminated normally, but ",
        &[("ranks", Line("but ", " process"))],
        "{ranks} rank ended with an error, and the others were ended with it",
        "what the program printed before says why"),
    sign(Symptom, Block, "a rank is gone", " has exited due to process rank ",
        &[("rank", Told("process rank ", " with")), ("node", Told(" on node ", " "))],
        "rank {rank} on node {node} ended before its time",
        "what stands before it says why"),
    sign(Symptom, Block, "a daemon did not start", "No available launching agents were found.",
        &[], "mpirun has nothing to begin its daemons with", "what stands before it says why"),
    sign(Symptom, Block, "a daemon did not start", "was unable to reliably start one or more daemons",
        &[], "mpirun could not start its daemon on a node, and does not say why",
        "one `ssh` to each node with a command, `true`, shows it"),
    sign(Symptom, Block, "a daemon is not reached", "does not know how to route a message to the specified daemon",
        &[("node", Field("target node:"))],
        "the daemon of node {node} is not reached",
        "one `ssh` to each node with a command, `true`, shows it"),
    sign(Symptom, Block, "internal error", "An internal error has occurred in ORTE",
        &[], "mpirun stopped with an internal error", "what stands before it says why"),
    sign(Stopped, AtLine, "stopped from outside", "mpirun: Forwarding signal ",
        &[("signal", Line("signal ", " to"))],
        "mpirun was stopped from outside, by a time limit (it forwarded signal {signal})",
        "a longer time limit, or a smaller problem"),
    sign(Stopped, Block, "time limit", "The user-provided time limit for job execution has been reached:",
        &[("limit", Field("Timeout:"))],
        "mpirun's own time limit is over: {limit}",
        "a longer `--timeout`, or a smaller problem"),
    // HPL, also within hpcc.
    sign(Cause, Within, "refused input", ">>> Illegal input in file",
        &[("file", Line("in file ", ". "))],
        "xhpl refuses its input file {file}",
        "the lines before say what is wrong with it"),
    sign(Input, Within, "other parameters", " of function HPL_pdinfo:",
        &[("reason", Told(">>> ", " <<<"))],
        "HPL does not take its input: {reason}; hpcc then runs parameters of its own",
        "write the input file into the directory of rank 0, with P times Q no more than the ranks"),
    sign(Cause, AtLine, "HPL failed", "HPL ERROR from process ",
        &[("reason", Told(">>> ", " <<<"))],
        "HPL failed: {reason}",
        "if its memory was not enough, a smaller N needs less"),
    sign(Notice, AtLine, "HPL warns", "HPL WARNING from process ",
        &[("reason", Told(">>> ", " <<<"))], "HPL warns: {reason}", ""),
];
