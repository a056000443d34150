//! `labkit completion`

use argh::FromArgs;

use super::{COMMANDS, bundle, output};
use crate::{
    error::{Error, Result, nearest},
    recipe,
};

/// Completion for a shell: source <(labkit completion bash)
#[derive(FromArgs)]
#[argh(subcommand, name = "completion")]
pub struct Completion {
    /// bash, zsh or fish
    #[argh(positional)]
    shell: String,
}

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

impl Completion {
    pub fn run(self) -> Result<()> {
        let commands = COMMANDS.join(" ");
        let recipes: Vec<String> = recipe::embedded().into_iter().map(|recipe| recipe.name).collect();
        let recipes = recipes.join(" ");
        let bash = format!(
            "_labkit() {{\n  local words\n  case ${{COMP_CWORD}} in\n    1) words='{commands}' ;;\n    \
             *) case ${{COMP_WORDS[1]}} in\n         run|plan|explain|show|undo) words='{recipes}' ;;\n         \
             results) words=\"latest compare $(labkit results 2>/dev/null | awk 'NR>1{{print $1}}')\" ;;\n         \
             archive|export|report|verify|why) words=\"latest $(labkit results 2>/dev/null | awk 'NR>1{{print $1}}')\" ;;\n         \
             down) words=\"$(labkit ls 2>/dev/null | awk 'NR>1{{print $1}}')\" ;;\n         \
             secret) words='new show ssh-user' ;;\n         \
             bundle) words='{}' ;;\n         \
             completion) words='{}' ;;\n       esac ;;\n  esac\n  \
             COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n  \
             [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\n\
             complete -F _labkit labkit\n",
            bundle::COMMANDS.join(" "),
            SHELLS.join(" ")
        );
        output::print(&match self.shell.as_str() {
            "bash" => bash,
            "zsh" => format!("autoload -U +X bashcompinit && bashcompinit\n{bash}"),
            "fish" => format!(
                "complete -c labkit -n __fish_use_subcommand -xa '{commands}'\n\
                 complete -c labkit -n '__fish_seen_subcommand_from run plan explain show undo' -a '{recipes}'\n"
            ),
            other => {
                let near = nearest(other, SHELLS)
                    .map_or("bash, zsh or fish".to_owned(), |near| format!("did you mean `{near}`?"));
                return Err(Error::usage(format!("no completion for `{other}`")).hint(near));
            }
        })
    }
}
