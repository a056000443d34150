# labkit and its bundle, as they lie on this computer: for a box that has neither.

require_relative "host"
require_relative "refusal"

module Labkit
  class Program
    # What an ELF file names its machine by.
    MACHINES = { 62 => "amd64", 183 => "arm64" }.freeze

    def initialize(dir)
      @dir = dir
    end

    # A labkit that machines of this computer can run: beside the Vagrantfile, or as cargo leaves it.
    def path
      candidates.find { |path| Program.architecture(path) == Host.architecture }
    end

    # A bundle in one file; nothing where there is none.
    def bundle
      path = File.join(@dir, "lab.bundle.tar")
      path if File.file?(path)
    end

    # Refuses a box without labkit where there is none to put into it.
    def check(warn)
      refuse if path.nil?
      return if bundle

      warn.call("no lab.bundle.tar beside the Vagrantfile (`labkit bundle pack` makes it): packages are the internet's")
    end

    # Of a program for Linux; nothing of anything else.
    def self.architecture(path)
      head = File.binread(path, 20).to_s
      MACHINES[head[18, 2].unpack1("v")] if head.length == 20 && head.start_with?("\x7fELF\x02\x01".b)
    end

    private

    def refuse
      found = candidates.map { |file| "; #{file} is for #{Program.architecture(file) || "another system"}" }
      wanted = "labkit for Linux on #{Host.architecture}"
      Labkit.refuse("there is no baked box, and no #{wanted} to put into a stock one#{found.join}",
                    "put labkit.box beside the Vagrantfile (or its path into LABKIT_BOX), or labkit itself")
    end

    def candidates
      built = Dir[File.join(@dir, "../target/{*/,}release/labkit")].sort
      [File.join(@dir, "labkit"), *built].select { |path| File.file?(path) }
    end
  end
end
