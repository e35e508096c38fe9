namespace ActorSockets.Benchmarks.Measuring;

/// <summary>A process to start: one of ours, one of our peers, or a tool from PATH.</summary>
/// <param name="Program">A path, or a name on PATH.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Package">The Debian package that has it.</param>
internal sealed record Launch(string Program, IReadOnlyList<string> Arguments, string? Package = null)
{
    /// <summary>A file for its standard input; none: an empty one.</summary>
    public string Input { get; init; } = "/dev/null";

    /// <summary>Its standard output goes to /dev/null.</summary>
    public bool DiscardsOutput { get; init; }

    /// <summary>Its standard error goes to /dev/null: a line for each of many targets would be work for who measures.</summary>
    public bool DiscardsTalk { get; init; }

    /// <summary>As many file handles as the hard limit allows.</summary>
    public bool ManyHandles { get; init; }

    /// <summary>Our program.</summary>
    public static Launch Ours(params IEnumerable<string> arguments) => new(Places.Program, [.. arguments]);

    /// <summary>A .NET peer: this executable in another role.</summary>
    public static Launch DotNet(params IEnumerable<string> arguments) => new(Places.Peers, ["peer", .. arguments]);

    public static Launch Python(string script, params IEnumerable<string> arguments) =>
        new(Places.Python ?? "python3", [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments], "python3");

    public static Launch Tool(string name, string package, params IEnumerable<string> arguments) => new(name, [.. arguments], package);

    /// <summary>Why it cannot be run, or null.</summary>
    public string? Missing() => Places.OnPath(Program) is not null ? null
        : Package is null ? $"missing ({Program})"
        : $"missing (Debian package {Package})";
}
