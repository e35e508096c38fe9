using System.CommandLine;
using System.Globalization;

namespace ActorSockets.Host.Commands;

/// <summary>
/// Completions for a shell, by System.CommandLine's directive: <c>actorsockets [suggest:POSITION] "TYPED LINE"</c> prints one
/// word per line. It never prints an error, which would appear inside the line that the user types.
/// </summary>
internal static class Completion
{
    private const string Directive = "[suggest";

    public static bool IsAskedFor(string[] arguments) => arguments is [var first, _] && first.StartsWith(Directive, StringComparison.Ordinal);

    public static IEnumerable<string> Words(Command root, string[] arguments)
    {
        var line = arguments[1];
        var position = int.TryParse(arguments[0].AsSpan(Directive.Length).Trim(":]"), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : line.Length;
        // --option=value is an option and a value; the first word is the program's own name.
        var typed = line[..Math.Min(position, line.Length)].Replace('=', ' ');
        var words = typed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).ToArray();
        var word = typed.EndsWith(' ') || words.Length == 0 ? "" : words[^1];
        var found = Ask(root, [.. words, .. word.Length == 0 ? [""] : Array.Empty<string>()]);
        // After a repeatable option System.CommandLine completes only that option.
        if (found.Length == 0 && words.Length > 1 && root.Subcommands.Any(c => c.Name == words[0]) && (word.Length == 0 || word.StartsWith('-')))
            found = Ask(root, [words[0], word.Length == 0 ? "-" : word]);
        return found.Where(w => w.StartsWith(word, StringComparison.Ordinal) && w is not ("/?" or "/h"));
    }

    private static string[] Ask(Command root, string[] words)
    {
        try
        {
            var line = string.Join(' ', words);
            return [.. root.Parse(line).GetCompletions(line.Length).Select(c => c.Label)];
        }
        catch (InvalidOperationException)
        {
            return [];
        }
    }
}
