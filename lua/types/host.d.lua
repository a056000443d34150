---@meta

--- This machine: files, kernel settings, services, packages. Each call says how a thing is to be. Where it is so already,
--- nothing happens; else how it was is noted on disk, it is made so, and looked at again. `labkit undo` brings all of a
--- recipe back to what was before, also after a sudden end.
---
--- Every function gives true where the thing was changed. Under `labkit plan` nothing is touched and true means that it
--- would be; `labkit explain` prints the commands that a person would type.
---@class host
host = {}

--- An absolute path without `..`.
---@alias FilePath string

--- Permission bits as `chmod` takes them: `"0644"`.
---@alias FileMode string

--- A package, or one version of it: `"chrony"`, `"kubeadm=1.32.1-1.1"`.
---@alias Wanted string

--- A value without parts, or a list of such.
---@alias Scalar boolean|number|string|(boolean|number|string)[]

---@class Account
---@field name string  letters in lower case, digits, `-`, `_`
---@field groups string|string[]|nil  groups it is in besides its own; those that it is in already stay
---@field shell FilePath?  what it logs in to; where it is made, `/bin/bash` unless given

---@class Archive
---@field name string  what its files are called: letters in lower case, digits, `-`
---@field uris string|string[]  where it is: `"http://192.168.56.1:8080"`
---@field suites string|string[]  `"bookworm"`, or `"/"` for an archive without suites
---@field components string|string[]|nil  `"main"`; none where a suite is a path
---@field key string  the public key in its armour: `-----BEGIN PGP PUBLIC KEY BLOCK-----` …

---@class Block
---@field path FilePath  the file, which is made where it is not there
---@field name string  what the lines are called in the marks around them
---@field content string  the lines; an empty text leaves the marks alone
---@field comment string?  begins a comment in this file; `#` unless given

---@class Directory
---@field path FilePath  directories on the way are made
---@field mode FileMode?  `"0755"` unless given
---@field owner string?  name or number; whoever runs labkit unless given
---@field group string?  name or number; of whoever runs labkit unless given

---@class DeviceAddress
---@field dev string  name of the device
---@field address string  IPv4 or IPv6, without its prefix

---@class Facts
---@field os string  `"debian"`, `"ubuntu"`
---@field version string  `"12"`, `"24.04"`; empty where the system has none
---@field codename string  `"bookworm"`, `"noble"`; empty where it has none
---@field host string  its name
---@field kernel string  version of the kernel that runs
---@field arch string  as Debian calls it: `"amd64"`, `"arm64"`
---@field place string  `"bare"`, `"vm:kvm"`, `"container:docker"` …
---@field cpus integer  how many may be used
---@field memory_mb integer  MiB
---@field addresses DeviceAddress[]  devices and their addresses
---@field default_dev string?  the device of the default route; none without such a route
---@field nat_devs string[]  devices that a virtual machine's monitor hides: the same address on every machine
---@field cgroup integer  2 where there is one hierarchy of control groups, 1 where there are several

---@class DocumentValue
---@field path FilePath  the file, which must be there; its ending says what it is: `.json`, `.toml`, `.yaml`, `.yml`
---@field at string|string[]  keys from the outside to the inside: `{ "crio", "image", "pause_image" }`; tables on the way are made
---@field value Scalar  what is to stand there
---@field secret boolean?  the file's content is never shown; false unless given

---@class FileLine
---@field path FilePath  the file, which must be there
---@field line string  the line, without its end
---@field starts string?  how the line begins that it takes the place of; none is replaced unless given
---@field absent boolean?  the line is not to be there; false unless given
---@field secret boolean?  the file's content is never shown; false unless given

---@class Hold
---@field packages string|string[]  names of packages that are installed

---@class Hostname
---@field name string  letters in lower case, digits, `-`

---@class Link
---@field path FilePath  directories on the way are made
---@field to string  where it leads: absolute, or from the directory it is in

---@class Module
---@field name string  as `modprobe` takes it

---@class Packages
---@field install Wanted|Wanted[]|nil  what is to be installed
---@field remove string|string[]|nil  names of what is not to be there; its configuration stays

---@class Remains
---@field paths FilePath|FilePath[]  directories, with all that will be in them

---@class RunProgram
---@field argv string[]  the program and its arguments; no shell comes between
---@field unless string[]?  ends with 0 where the effect is there already
---@field creates FilePath?  is there where the effect is
---@field undo string[]  takes the effect back; empty where nothing has to be

---@class Service
---@field unit string  with its ending: `"chrony.service"`, `"apt-daily.timer"`
---@field enabled boolean?  whether it starts at boot; left as it is unless given
---@field active boolean?  whether it runs now; true unless it is masked
---@field masked boolean?  nothing may start it; false unless given
---@field reads FilePath|FilePath[]|nil  files that it reads when it starts: it is started anew when one of them has changed since

---@class Ssh
---@field users string|string[]|nil  who may go from node to node, each to the same user; `"root"` unless given

---@class Sysctl
---@field name string?  its file in /etc/sysctl.d, without `.conf`; `60-labkit-` and the recipe's name unless given
---@field values table<string, boolean|integer|string>  what is to be set: `["net.ipv4.ip_forward"] = 1`

---@class WriteFile
---@field path FilePath  directories on the way are made
---@field content string  what is to stand in it, to the last byte
---@field values table<string, Scalar>?  what takes the place of `{{name}}` in the content; without any the content stands as it is
---@field mode FileMode?  `"0644"` unless given
---@field owner string?  name or number; whoever runs labkit unless given
---@field group string?  name or number; of whoever runs labkit unless given
---@field secret boolean?  its content is never shown; false unless given

--- An archive of packages (deb822) and the key that it is signed with, in /etc/apt. The lists are fetched when a package
--- is asked for that is not known yet.
---
--- Fails where a name, a word or the key cannot be one: a bad line would have apt refuse every archive.
---@param args Archive
---@return boolean changed
function host.archive(args) end

--- Lines of its own in a file that others write as well, such as /etc/hosts, between two marks. What stands around them
--- is left alone, also on the way back.
---
--- Fails where the path is no file of text, where one of the two marks is missing, and where somebody else changed the
--- lines since labkit wrote them, unless the run is told `--force`.
---@param args Block
---@return boolean changed
function host.block(args) end

--- A directory: `host.directory "/srv/lab"`.
---
--- Fails where something else is there that cannot be replaced, and without the right to.
---@param args FilePath|Directory
---@return boolean changed
function host.directory(args) end

--- What this machine is. Nothing is changed, also not under `labkit run`.
---@return Facts
function host.facts() end

--- A file with this content, mode and owner. It is replaced at once, so that nobody reads half of it; what stood there
--- is kept for the way back.
---
--- Fails where somebody else changed the file since labkit wrote it, unless the run is told `--force`, and where another
--- call of the same recipe writes the same file.
---@param args WriteFile
---@return boolean changed
function host.file(args) end

--- Packages that upgrades leave alone: `apt-mark hold`.
---
--- Fails where one is not installed.
---@param args Hold
---@return boolean changed
function host.hold(args) end

--- The machine's own name, now and at every boot: `host.hostname "node01"`.
---@param args string|Hostname
---@return boolean changed
function host.hostname(args) end

--- One line of a file that others write as well: in the place of the first one that begins alike, or at the end.
---
--- Fails where there is no such file.
---
---```lua
---host.line { path = "/etc/ssh/sshd_config", line = "PermitRootLogin no", starts = "PermitRootLogin" }
---```
---@param args FileLine
---@return boolean changed
function host.line(args) end

--- A symbolic link, as `ln -sfn` makes it.
---@param args Link
---@return boolean changed
function host.link(args) end

--- A kernel module, now and at every boot: `host.module "br_netfilter"`.
---
--- Fails where the kernel that runs has no such module.
---@param args string|Module
---@return boolean changed
function host.module(args) end

--- No swap, now and at every boot: `host.no_swap {}`.
---
--- Fails where what is swapped out does not fit into memory.
---@param args {}
---@return boolean changed
function host.no_swap(args) end

--- Packages by `apt-get`: lists are fetched where a package is not known, a dpkg that was cut short is repaired first,
--- another package manager is waited for, and nobody is asked anything.
---
--- Fails where there is no such package or version (the nearest are named), where an archive is not signed by its key,
--- where the disk is full, and where a package is to go that no archive has, unless the run is told `--force`.
---
---```lua
---host.packages { install = { "chrony", "kubeadm=1.32.1-1.1" } }
---```
---@param args Packages
---@return boolean changed
function host.packages(args) end

--- Directories that programs make and fill by themselves. Those that are not there yet go again on the way back, with all
--- that is in them: say it before the programs are installed.
---
---```lua
---host.remains { paths = { "/var/lib/containerd", "/var/lib/cni" } }
---```
---@param args Remains
---@return boolean changed
function host.remains(args) end

--- The way out for what has no function of its own: a program that is run where its effect is not there yet, which
--- `unless` or `creates` tells.
---
--- Fails without one of the two, where the program fails, and where its effect is not there afterwards.
---
---```lua
---host.run { argv = { "ssh-keygen", "-A" }, creates = "/etc/ssh/ssh_host_ed25519_key", undo = {} }
---```
---@param args RunProgram
---@return boolean changed
function host.run(args) end

--- A unit of systemd: on at boot or not, running or not, or masked. It is started anew where a file that it `reads` is
--- not what it was when labkit last started it.
---
--- Fails where there is no such unit, and where it does not come up or does not stay up: with the last lines of its
--- journal.
---@param args Service
---@return boolean changed
function host.service(args) end

--- ssh from node to node without a question: a key that every node derives from the lab secret, and a certificate for
--- the host key that each has already.
---
--- Fails without /etc/labkit/lab.toml and /etc/labkit/secret, and where a user does not exist.
---@param args Ssh
---@return boolean changed
function host.ssh(args) end

--- Kernel settings, now and at every boot.
---
--- Fails where the kernel has no such setting, or takes no such value.
---
---```lua
---host.sysctl { values = { ["net.ipv4.ip_forward"] = 1 } }
---```
---@param args Sysctl
---@return boolean changed
function host.sysctl(args) end

--- A user of the machine, and the groups it is in: `host.user "student"`.
---
--- Fails where a group does not exist.
---@param args string|Account
---@return boolean changed
function host.user(args) end

--- One value in a file of JSON, TOML or YAML. Comments, order and everything else stay as they are.
---
--- Fails where there is no such file, where it cannot be read as what its ending says, and where the way leads through
--- something that has no keys.
---
---```lua
---host.value { path = "/etc/crio/crio.conf", at = { "crio", "image" }, value = "pause:3.10" }
---```
---@param args DocumentValue
---@return boolean changed
function host.value(args) end
