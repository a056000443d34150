---@meta

--- Parameters of the recipe.
---@class lab
lab = {}

--- A parameter with what may be set. Its type is the default's: a whole number, a number, a text, or true and false.
---@class Param
---@field default boolean|number|string  value where the command line sets none
---@field min number?  least value possible; no limit unless given
---@field max number?  greatest value possible; no limit unless given
---@field one_of (boolean|number|string)[]?  the only values possible; all unless given
---@field help string?  one line for `labkit show`; none unless given

--- The values of the parameters: as declared by `lab.params`, or as set by `--set name=value`. Reading one that was not
--- declared is an error that names the nearest one.
---
---```lua
---lab.params { seconds = 3 }
---print(lab.p.seconds)
---```
---@type table<string, any>
lab.p = {}

---@class Node
---@field name string  its host name
---@field address string  its address in the lab's network
---@field role "master"|"worker"  what it is there for
---@field cpus? integer  CPUs that whoever makes the machine gives it
---@field memory? integer  its memory in MiB, likewise

---@class Nodes
---@field name string  what the lab is called
---@field network string  the network that the nodes share: `"192.168.56.0/24"`
---@field pod_cidr string  addresses of pods
---@field service_cidr string  addresses of services
---@field nodes Node[]  the machines, in the order of the file
---@field versions table<string, string>  versions of what is installed, by its name

--- The node that this machine is: the one of /etc/labkit/lab.toml whose address it has, on whatever device.
---
--- Fails without that file, and where this machine has no node's address or several.
---@return Node
function lab.node() end

--- The lab as /etc/labkit/lab.toml describes it.
---
--- Fails without that file, and where it contradicts itself.
---@return Nodes
function lab.nodes() end

--- Declares the recipe's parameters, each by its default alone or by a table with `default` and what may be set.
---
--- Fails where a default or a value set by `--set` is of another type or out of range, and where `--set` names a
--- parameter that is not declared.
---
---```lua
---lab.params { rounds = 5, seconds = { default = 3, min = 1, max = 3600, help = "length of each TCP stream" } }
---print(lab.p.rounds, lab.p.seconds)
---```
---@param args table<string, boolean|number|string|Param>
function lab.params(args) end

--- Begins a phase of the recipe, and ends the one before. The time that each takes is a sample, `phase_s`, whose case is the
--- name.
---
---```lua
---lab.phase "packages"
---```
---@param name string
function lab.phase(name) end
