using System.Runtime.InteropServices;
using ActorSockets.Configuration;

namespace ActorSockets.Host;

/// <summary>
/// File descriptors 0, 1 and 2 as the caller left them. Where one is closed (<c>2&gt;&amp;-</c>), the .NET runtime's own pipe takes
/// its number before Main runs; writing to it aborts the process, and reading from it never ends (.NET 10).
/// </summary>
internal static partial class StandardDescriptors
{
    private const int GetFlags = 1;
    private const int CloseOnExec = 1;

    /// <summary>Whether the caller closed this descriptor. What is inherited cannot have close-on-exec; what the runtime opens has it.</summary>
    public static bool IsClosed(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        var flags = Control(descriptor, GetFlags);
        return flags < 0 || (flags & CloseOnExec) != 0;
    }

    /// <summary>The error for an output that is closed, or null; and the descriptor that can take the message.</summary>
    public static (SettingError Error, int? TellOn)? FindClosedOutput()
    {
        var (stdout, stderr) = (IsClosed(1), IsClosed(2));
        if (!stdout && !stderr)
            return null;
        var error = stderr
            ? new SettingError("stderr", "is closed: redirect it to /dev/null instead (2> /dev/null)")
            : new SettingError("stdout", "is closed: redirect it to /dev/null instead (> /dev/null)");
        return (error, stderr ? stdout ? null : 1 : 2);
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);
}
