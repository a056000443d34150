---@meta

--- The offline bundle: packages and images that a machine without network needs.
---@class bundle
bundle = {}

---@class BundleFacts
---@field place string  where it lies: a directory, a file, or the program that carries it
---@field digest string  of its index, and so of everything: `"sha256:…"`
---@field architectures string[]  architectures that it has packages for
---@field images string[]  names of its images, in full
---@field registries string[]  registries that the names of its images begin with
---@field key string  the key that its archive of packages is signed with, in its armour
---@field program string  this labkit

--- The bundle that is found: `$LABKIT_BUNDLE`, beside the program, in it, in /var/lib/labkit, on a disk labelled LABKIT.
---
--- Fails where there is none, and where the machine has no lab secret, from which the key of the archive is derived.
---
---```lua
---local own = bundle.facts()
---```
---@return BundleFacts
function bundle.facts() end

--- The text of a file in the bundle: a manifest, a list, whatever `labkit bundle lock --file` named.
---
--- Fails where there is no bundle, no such file in it, or where it is no text.
---@param name string
---@return string
function bundle.file(name) end

---@class MadeImage
---@field name string  `"localhost/hpcc:1"`
---@field packages string[]  names of packages; what they need comes along

--- An image that is made of Debian's packages, with labkit in it. `labkit bundle lock` notes it for the recipes that it is
--- told, and `labkit bundle build` makes it. Gives its name in full; anything else it does nowhere.
---
---```lua
---local image = bundle.image { name = "localhost/hpcc:1", packages = { "hpcc", "libopenblas0-serial" } }
---```
---@param t MadeImage
---@return string
function bundle.image(t) end

--- Whether there is a bundle where `bundle.facts` looks for one. While a bundle is being made there is none.
---@return boolean
function bundle.is_found() end
