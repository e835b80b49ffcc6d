using System.CommandLine;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>
/// An option that is given or not. It is no <c>Option&lt;bool&gt;</c>: that would also take <c>--flag false</c>, and its code exists in no
/// precompiled form, which costs 2 ms of every start.
/// </summary>
internal sealed class Flag : Option<string?>
{
    public Flag(string name, string description, params string[] aliases)
        : base(name, aliases)
    {
        Description = description;
        Arity = ArgumentArity.Zero;
    }

    public bool IsGiven(ParseResult line) => line.GetResult(this) is not null;
}
