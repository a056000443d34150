# Reads texts as the Vagrantfile reads a lab.toml: a list of them in JSON on standard input, and a list of what each says.

require "json"
require "tmpdir"
require_relative "../../vagrant/lib/description"

def said(path, text)
  File.binwrite(path, text)
  { lab: Labkit::Description.read(path).to_toml }
rescue Labkit::Refusal => e
  { why: e.to_s.sub(path, "lab.toml") }
end

Dir.mktmpdir do |dir|
  path = File.join(dir, "lab.toml")
  puts JSON.generate(JSON.parse($stdin.read).map { |text| said(path, text) })
end
