# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hardpan_global_optspecs
    string join \n f/file= env-file= profile= project-directory= p/project-name= h/help V/version
end

function __fish_hardpan_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hardpan_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hardpan_using_subcommand
    set -l cmd (__fish_hardpan_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hardpan -n "__fish_hardpan_needs_command" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_needs_command" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_needs_command" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_needs_command" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_needs_command" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_needs_command" -s h -l help -d 'Print help'
complete -c hardpan -n "__fish_hardpan_needs_command" -s V -l version -d 'Print version'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "config" -d 'Print the project as Docker Compose sees it, or everything that is wrong with it'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "check" -d 'Judge the project by the baseline and point at what breaks it'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "explain" -d 'Print the page of a rule or of a requirement'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "provision" -d 'Make exist what services need: roles, databases, clusters, topics, buckets'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "internal-docs" -d 'Write the generated reference pages, completions and the man page into a directory'
complete -c hardpan -n "__fish_hardpan_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l format -d 'Format of the output' -r -f -a "yaml\t'YAML'
json\t'JSON'"
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -s o -l output -d 'Write to a file instead of standard output' -r -F
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l diagnostics -d 'Format of the diagnostics on standard error [default: json with `--format json`, else human]' -r -f -a "human\t'Excerpts of the files, for people'
json\t'One JSON document, for programs'"
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l hash -d 'Print the hash of services, `*` for all, or names separated by commas' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -s q -l quiet -d 'Only check the project, print nothing'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l origins -d 'Print where every value comes from: place, then the way it travelled'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l services -d 'Print the names of the services'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l networks -d 'Print the names of the networks'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l volumes -d 'Print the names of the volumes'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l models -d 'Print the models'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l profiles -d 'Print the profiles that services have'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l images -d 'Print the images'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l variables -d 'Print the variables that the files use, with their defaults'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l environment -d 'Print the environment that interpolation sees'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l no-interpolate -d 'Leave variables as they are written'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l no-normalize -d 'Leave out what is only implied: names, networks, dependencies'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l no-path-resolution -d 'Leave relative paths relative'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l no-consistency -d 'Do not check that the parts of the project fit together'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -l no-env-resolution -d 'Do not read the env files of services that take part only because they are named (nothing more, as in Docker Compose 2.40.3)'
complete -c hardpan -n "__fish_hardpan_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l format -d 'Format of the report' -r -f -a "human\t'Findings with excerpts of the files, for people'
json\t'One JSON document; docs/reference/report.schema.json describes it'
sarif\t'SARIF 2.1.0, for code scanning and editors'
junit\t'JUnit XML, for test reports'
github\t'Workflow commands that GitHub shows beside the lines'"
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -s o -l output -d 'Write to a file instead of standard output' -r -F
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l policy -d 'Policy file [default: `hardpan.yml` in the project\'s directory or above]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l baseline -d 'Report only what this earlier JSON report does not have' -r -F
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l rule -d 'Judge by this rule only, by its code or name; give it several times for more' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l fail-on -d 'End with 1 from this severity up' -r -f -a "info\t'Worth knowing'
low\t'A blemish'
medium\t'A weakness that needs something else to go wrong as well'
high\t'A defect that will hurt'
critical\t'Stops the project, or hands over a machine or a credential'"
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l max -d 'Show at most so many findings to a person; other formats have all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l fix -d 'Apply fixes, those that are safe or all, and report what is left' -r -f -a "safe\t'Those that cannot change behaviour that anybody relies on'
unsafe\t'All'"
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l house -d 'Judge by the house rules of the baseline documents too'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l strict -d 'Let what is unknown fail as well'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l requirements -d 'Print how every requirement stands instead of findings'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l per-service -d 'Show each service by itself where findings say the same of several, and count by service rather than by file'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -s v -l verbose -d 'Show excerpts of what is unknown and waived, and all related places'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -l diff -d 'Print what the fixes would change instead, and change nothing; ends with 1 where there is something'
complete -c hardpan -n "__fish_hardpan_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand explain" -s h -l help -d 'Print help'
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l timeout -d 'How long everything may take [default: what the plan says, else 120s]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l only -d 'See only to this target or object, by its id, and to what is below it; give it several times for more' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l secrets -d 'The folder of secret files that the plan names without one' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l format -d 'Format of the steps on standard output, and of what is wrong with the plan on standard error' -r -f -a "human\t'One line for each step, for people'
json\t'One JSON object a line for each step, for programs'"
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -l dry-run -d 'Look and say what would be done, but change nothing'
complete -c hardpan -n "__fish_hardpan_using_subcommand provision" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand completions" -s h -l help -d 'Print help'
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -s f -l file -d 'Compose file; give it several times to merge files, `-` reads standard input' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -l env-file -d 'Env file with the project\'s variables; give it several times, later files win' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -l profile -d 'Profile to activate; `*` activates all' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -l project-directory -d 'Directory that relative paths start at [default: the directory of the first Compose file]' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -s p -l project-name -d 'Project name' -r
complete -c hardpan -n "__fish_hardpan_using_subcommand internal-docs" -s h -l help -d 'Print help'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "config" -d 'Print the project as Docker Compose sees it, or everything that is wrong with it'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "check" -d 'Judge the project by the baseline and point at what breaks it'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "explain" -d 'Print the page of a rule or of a requirement'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "provision" -d 'Make exist what services need: roles, databases, clusters, topics, buckets'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "internal-docs" -d 'Write the generated reference pages, completions and the man page into a directory'
complete -c hardpan -n "__fish_hardpan_using_subcommand help; and not __fish_seen_subcommand_from config check explain provision completions internal-docs help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
