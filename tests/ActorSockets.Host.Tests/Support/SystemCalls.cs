using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorSockets.Host.Tests.Support;

/// <summary>A system call as strace(1) saw it.</summary>
/// <param name="Name">As <c>pwrite64</c>.</param>
/// <param name="Text">The whole of it, with its result.</param>
/// <param name="Begin">The line of the trace in which it began.</param>
/// <param name="End">The line in which it ended; that of its beginning when nothing came between.</param>
internal sealed partial record SystemCall(string Name, string Text, int Begin, int End)
{
    /// <summary>The file of its first argument, a handle; null: it has none.</summary>
    public string? File => Handle().Match(Text) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Its result, as the system returned it.</summary>
    public long Result => Number(Returned());

    /// <summary>The number before the closing bracket: the offset of a write, the length of a truncation.</summary>
    public long LastArgument => Number(Last());

    /// <summary>The strings among its arguments, without escapes.</summary>
    public IEnumerable<byte[]> Strings => Quoted().Matches(Text).Select(match => Unescape(match.Groups[1].ValueSpan));

    private long Number(Regex where) => where.Match(Text) is { Success: true } match
        ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
        : throw new FormatException($"lines {Begin} and {End} of the trace, a {Name}, end otherwise than expected: {Text[Math.Max(0, Text.Length - 200)..]}");

    private static byte[] Unescape(ReadOnlySpan<char> text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            var digits = 0;
            for (i++; digits < 3 && i + digits < text.Length && text[i + digits] is >= '0' and <= '7';)
                digits++;
            bytes.Add(digits > 0 ? Convert.ToByte(text.Slice(i, digits).ToString(), 8) : (byte)(text[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'v' => '\v', 'f' => '\f', var other => other }));
            i += Math.Max(0, digits - 1);
        }

        return [.. bytes];
    }

    [GeneratedRegex(@"^\w+\(\d+<([^>]*)>")]
    private static partial Regex Handle();

    [GeneratedRegex(@"= (-?\d+)[^""]*$", RegexOptions.RightToLeft)]
    private static partial Regex Returned();

    [GeneratedRegex(@"(\d+)\)\s*= -?\d+[^""]*$", RegexOptions.RightToLeft)]
    private static partial Regex Last();

    [GeneratedRegex(@"""((?>[^""\\]+|\\.)*)""")]
    private static partial Regex Quoted();
}

/// <summary>Traces of strace(1).</summary>
internal static partial class SystemCalls
{
    /// <summary>CI has strace, and fails if it does not; elsewhere there may be none, or no permission to trace.</summary>
    public static bool CanTrace()
    {
        try
        {
            using var tried = Process.Start(new ProcessStartInfo("strace", ["-qq", "-o", "/dev/null", "true"]))!;
            tried.WaitForExit();
            if (tried.ExitCode == 0)
                return true;
        }
        catch (Win32Exception)
        {
            // There is none.
        }

        Assert.Null(Environment.GetEnvironmentVariable("STRACE_REQUIRED"));
        return false;
    }

    /// <summary>Reads a trace of <c>strace -f</c>: the two halves of a call that others interrupted become one.</summary>
    /// <param name="path">The trace.</param>
    /// <param name="isWanted">Of the text of a call.</param>
    /// <param name="after">The number of the line before the first: where an earlier trace has ended.</param>
    public static IReadOnlyList<SystemCall> Read(string path, Func<string, bool> isWanted, int after = 0)
    {
        var (calls, unfinished, line) = (new List<SystemCall>(), new Dictionary<string, (string Text, int Begin)>(StringComparer.Ordinal), after);
        foreach (var text in File.ReadLines(path, Encoding.Latin1))
        {
            line++;
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            var (thread, call) = (text[..space], text[space..].TrimStart());
            if (call.StartsWith("<...", StringComparison.Ordinal))
            {
                if (unfinished.Remove(thread, out var began) && call.IndexOf("resumed>", StringComparison.Ordinal) is > 0 and var at)
                    Add(began.Text + call[(at + "resumed>".Length)..], began.Begin);
            }
            else if (call.EndsWith("<unfinished ...>", StringComparison.Ordinal))
            {
                unfinished[thread] = (call[..^"<unfinished ...>".Length].TrimEnd(), line);
            }
            else
            {
                Add(call, line);
            }
        }

        return calls;

        void Add(string call, int begin)
        {
            // One that never ended has the result ?, and perhaps why: <unavailable>, when its process was gone.
            if (isWanted(call) && !NeverEnded().IsMatch(call) && call.IndexOf('(', StringComparison.Ordinal) is > 0 and var bracket)
                calls.Add(new SystemCall(call[..bracket], call, begin, line));
        }
    }

    [GeneratedRegex(@"= \?[^""]*$", RegexOptions.RightToLeft)]
    private static partial Regex NeverEnded();
}
