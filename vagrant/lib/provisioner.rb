# Makes machines nodes of the lab, and has them do exercises together.

require "tempfile"
require "vagrant/util/line_buffer"

require_relative "lab"
require_relative "refusal"

module Labkit
  # One machine, by ssh.
  class Guest
    # Of the user vagrant alone.
    PLACE = ".labkit".freeze
    # Seconds that a clock may be off. A machine that slept on does not know it.
    SKEW = 5

    def initialize(machine)
      @machine = machine
      @ssh = machine.communicate
    end

    # Has the machine become a node of the lab. One that is so already is left to come up as it does by itself.
    def become_node(handover)
      set_clock
      return hand_over(handover, "node") unless told?("lab.toml", File.binread(handover.description))

      units = "labkit-heal.service labkit-provision.service"
      @ssh.sudo("systemctl start #{units} 2>/dev/null || labkit heal", error_check: false)
      hand_over(handover, "node") unless done?
    end

    # Has the machine do an exercise as part of what it is to become, unless it did.
    def become(handover, exercise)
      hand_over(handover, "node", exercise) unless told?("provision.toml", wishes("node", exercise)) && done?
    end

    # Puts labkit, and the bundle where there is one, into a machine that has neither.
    def equip(program)
      put(program.path, "/usr/local/bin/labkit", "0755")
      put(program.bundle, "/var/lib/labkit/lab.bundle.tar", "0644") if program.bundle
    end

    # Runs it as root, shows what it says, and raises where it fails.
    def perform(command)
      outputs = Hash.new { |lines, _| lines[:any] }
      outputs[:any] = Vagrant::Util::LineBuffer.new { |line| @machine.ui.detail(line) }
      code = @ssh.execute("sudo #{command}", error_check: false) { |type, text| outputs[type] << text }
      return if code.zero?

      Labkit.refuse("`#{command}` on #{@machine.name} ended with #{code}",
                    "what it said is above; `vagrant provision` tries again what is not done")
    end

    private

    def wishes(*recipes)
      recipes = recipes.map { |recipe| Lab.quoted(recipe) }
      "node = #{Lab.quoted(@machine.name.to_s)}\nrecipes = [#{recipes.join(", ")}]\n"
    end

    def hand_over(handover, *recipes)
      @ssh.execute("umask 077 && mkdir -p #{PLACE} && chmod 0700 #{PLACE}")
      @ssh.upload(handover.description, "#{PLACE}/lab.toml")
      @ssh.upload(handover.secret, "#{PLACE}/secret")
      Tempfile.create("provision.toml") do |file|
        file.binmode
        file.write(wishes(*recipes))
        file.close
        @ssh.upload(file.path, "#{PLACE}/provision.toml")
      end
      perform("labkit provision --from ~/#{PLACE}")
    end

    def set_clock
      is_off = (Time.now.to_i - said("date +%s").to_i).abs > SKEW
      @ssh.execute("sudo date --utc --set @#{Time.now.to_i} >/dev/null") if is_off
    end

    def told?(name, text)
      said("cat /etc/labkit/#{name} 2>/dev/null").b == text.b
    end

    def said(command)
      out = +""
      @ssh.execute(command, error_check: false) { |type, text| out << text if type == :stdout }
      out
    end

    def done?
      @ssh.test("labkit provision --status >/dev/null")
    end

    # Uploads a file, unless one of its size is there.
    def put(file, path, mode)
      return if @ssh.test("[ \"$(stat -c %s #{path} 2>/dev/null)\" = #{File.size(file)} ]")

      @machine.ui.detail("#{File.basename(path)}: #{File.size(file) / 1_000_000} MB to the machine")
      @ssh.execute("umask 077 && mkdir -p #{PLACE} && sudo mkdir -p #{File.dirname(path)}")
      @ssh.upload(file, "#{PLACE}/part")
      @ssh.execute("chmod #{mode} #{PLACE}/part && sudo chown root:root #{PLACE}/part && sudo mv #{PLACE}/part #{path}")
    end
  end

  class Provisioner < Vagrant.plugin("2", :provisioner)
    def provision
      config.exercise ? exercise : node
    end

    private

    def node
      guest = Guest.new(@machine)
      refuse_unknown unless config.project.handover.known?
      guest.equip(config.project.program) unless config.project.box(@machine.provider_name.to_s).is_baked
      guest.become_node(config.project.handover)
      config.project.ready(@machine.name)
      @machine.ui.success("#{@machine.name} is a node of lab `#{config.project.lab.name}`")
    end

    def refuse_unknown
      Labkit.refuse("#{config.project.handover.secret} is gone, and nobody here knows this lab",
                    "put it back, or `vagrant destroy`")
    end

    # On all machines at once: those of a cluster wait for each other.
    def exercise
      machines = config.project.together(config.exercise, @machine) do |absent|
        @machine.ui.detail("`#{config.exercise}` is run once all machines are there: #{absent.join(", ")}")
        nil
      end
      return if machines.nil?

      failures = machines.map { |machine| Thread.new { perform(machine) } }.map(&:value).compact
      Labkit.refuse(failures.map(&:to_s).join("\n"), "these machines failed, the others did not") unless failures.empty?
    end

    # What went wrong, if anything did.
    def perform(machine)
      guest = Guest.new(machine)
      if config.is_kept
        guest.become(config.project.handover, config.exercise)
      else
        guest.perform("labkit run #{config.exercise}")
      end
      nil
    rescue Vagrant::Errors::VagrantError => e
      e
    end
  end

  class ProvisionerConfig < Vagrant.plugin("2", :config)
    attr_accessor :project, :exercise, :is_kept
  end

  class Plugin < Vagrant.plugin("2")
    name "labkit"
    config(:labkit, :provisioner) { ProvisionerConfig }
    provisioner(:labkit) { Provisioner }
  end
end
