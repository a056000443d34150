# Why something is not done, and what to do: shown as it is, without a trace.

module Labkit
  class Refusal < (defined?(Vagrant::Errors) ? Vagrant::Errors::VagrantError : StandardError)
    # What was found and why it cannot be; and a remedy, beginning in lower case.
    def initialize(why, remedy)
      @text = "#{why}\nhint: #{remedy}"
      super()
    end

    def to_s
      @text
    end
  end

  def self.refuse(why, remedy)
    raise Refusal.new(why, remedy)
  end
end
