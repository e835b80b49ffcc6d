namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>
/// What the scripts of all messes begin with. Everything that an engine makes with these functions is noted in a ledger outside the
/// repository, so that it can be looked for afterwards.
/// </summary>
internal static class MessScript
{
    private const string Functions =
        """
        set -e
        B=$WT_RUN_BRANCH
        ADMIN=$(git rev-parse --absolute-git-dir)
        cp "$MAIN/.git/config" "$CASE/config.begin"
        trap 'cp "$MAIN/.git/config" "$CASE/config.end"' EXIT
        n=0
        hex() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
        # put PATH…: writes contents that are nowhere else
        put() {
            for p; do
                n=$((n + 1))
                case $p in */*) mkdir -p -- "${p%/*}" ;; esac
                printf 'contents %s\n' $n > "$p"
                printf 'text contents %s\n' $n >> "$CASE/ledger"
            done
        }
        # blob PATH…: notes the contents that a file has
        blob() { for p; do printf 'object %s contents of %s\n' "$(git hash-object --no-filters -- "$p")" "$(printf %s "$p" | tr '\n' '?')" >> "$CASE/ledger"; done; }
        # made REVISION…: notes an object
        made() { for r; do printf 'object %s %s\n' "$(git rev-parse --verify --quiet "$r")" "$r" >> "$CASE/ledger"; done; }
        # name MODE PATH: notes that a file has this name, mode and contents
        name() {
            if [ -L "$2" ]; then id=$(readlink -n -- "$2" | git hash-object --stdin); else id=$(git hash-object --no-filters -- "$2"); fi
            printf 'name %s %s %s\n' "$1" "$id" "$(hex "$2")" >> "$CASE/ledger"
        }
        # gone PATH: notes that the work has no such file
        gone() { printf 'gone %s\n' "$(hex "$1")" >> "$CASE/ledger"; }
        commit() { git commit --quiet --message "Commit $n" "$@"; made HEAD; }
        # commit_file PATH…: writes and commits
        commit_file() { put "$@"; git add -- "$@"; commit; }
        fails() { if "$@"; then echo "It did not fail: $*" >&2; exit 99; fi; }
        # both_sides: two commits on README that conflict, the run's own and $OTHER
        both_sides() {
            git checkout --quiet --detach
            commit_file README
            OTHER=$(git rev-parse HEAD)
            git checkout --quiet "$B"
            commit_file README
        }
        stages() { git ls-files --unmerged | while read -r mode id rest; do printf 'object %s stage %s\n' "$id" "$rest" >> "$CASE/ledger"; done; }

        """;

    /// <summary>The whole script for a mess.</summary>
    public static string For(KindOfMess mess) => $"{Functions}\n{mess.Script}\nexit {mess.ExitCode}\n";
}
