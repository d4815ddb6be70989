#include "ctl/completion.h"

namespace nightlight::ctl {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string subcommands(const CommandWords& words) {
  std::vector<std::string> names;
  for (const auto& [name, options] : words) {
    if (!name.empty()) names.push_back(name);
  }
  return joined(names);
}

std::string bash_script(const CommandWords& words) {
  std::string out = R"(_nightlightctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} word command= options
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
)";
  for (const auto& [name, options] : words) {
    if (!name.empty()) out += "      " + name + ") [[ -z $command ]] && command=$word ;;\n";
  }
  out += R"(    esac
  done
  case $previous in
    -o|--output) COMPREPLY=($(compgen -W "table json csv" -- "$current")); return ;;
    --format) COMPREPLY=($(compgen -W "auto text json" -- "$current")); return ;;
    --ca|--cert|--key) COMPREPLY=($(compgen -f -- "$current")); return ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$current")); return ;;
  esac
  case $command in
)";
  const std::string common = joined(words.at(""));
  for (const auto& [name, options] : words) {
    std::string all = name.empty() ? subcommands(words) : joined(options);
    out += "    " + (name.empty() ? "\"\"" : name) + ") options=\"" + all + " " + common + "\" ;;\n";
  }
  out += R"(  esac
  if [[ $command == write && $current != -* ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  fi
}
complete -F _nightlightctl nightlightctl
)";
  return out;
}

std::string fish_script(const CommandWords& words) {
  std::string out = "complete -c nightlightctl -f\n";
  for (const auto& [name, options] : words) {
    std::string condition;
    if (!name.empty()) {
      out += "complete -c nightlightctl -n __fish_use_subcommand -a " + name + "\n";
      condition = " -n '__fish_seen_subcommand_from " + name + "'";
    }
    for (const std::string& option : options) {
      if (option.starts_with("--")) out += "complete -c nightlightctl" + condition + " -l " + option.substr(2) + "\n";
    }
  }
  out += "complete -c nightlightctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
  out += "complete -c nightlightctl -n '__fish_seen_subcommand_from write' -F\n";
  return out;
}

}  // namespace

std::string completion_script(const std::string& shell, const CommandWords& words) {
  if (shell == "fish") return fish_script(words);
  if (shell == "zsh") return "autoload -Uz bashcompinit && bashcompinit\n" + bash_script(words);
  return bash_script(words);
}

}  // namespace nightlight::ctl
