# What the machines of a lab are told: the lab's description and its secret, in .labkit beside the Vagrantfile from the
# first `vagrant up` until the last machine is destroyed.

require "fileutils"
require "securerandom"

require_relative "description"

module Labkit
  class Handover
    attr_reader :dir

    def initialize(dir)
      @dir = File.join(dir, ".labkit")
    end

    # The description that the machines were made by; nothing where there are none.
    def lab
      Description.read(description) if File.exist?(description)
    end

    def description
      File.join(@dir, "lab.toml")
    end

    def secret
      File.join(@dir, "secret")
    end

    # Where a machine's console is written to.
    def console(name)
      File.join(@dir, "console-#{name}.log")
    end

    # Makes what is not there. The secret is drawn once, and its owner's alone from its first byte on.
    def make(lab)
      FileUtils.mkdir_p(@dir, mode: 0o700)
      # Bytes are what the machines get: on Windows as well, lines end as they do there.
      draw unless known?
      check
      File.binwrite(description, "# The Vagrantfile writes this.\n#{lab.to_toml}")
    end

    # Whether there is a lab.
    def known?
      File.exist?(secret)
    end

    # Forgets the lab.
    def remove
      FileUtils.rm_rf(@dir)
    end

    private

    def draw
      flags = File::WRONLY | File::CREAT | File::EXCL | File::BINARY
      File.open(secret, flags, 0o600) { |file| file.puts(SecureRandom.hex(32)) }
    end

    def check
      unless /\A\h{64}\n\z/.match?(File.binread(secret))
        Labkit.refuse("#{secret} is no secret of a lab: it was cut short or changed",
                      "`vagrant destroy`, and then remove #{@dir}: the next `vagrant up` makes a new lab")
      end
      return if Gem.win_platform? || (File.stat(secret).mode & 0o077).zero?

      Labkit.refuse("#{secret} may be read by others: this file system keeps no modes, or somebody changed them",
                    "put this directory on the computer's own disk, or: chmod -R go= #{@dir}")
    end
  end
end
