using System.Runtime.InteropServices;

namespace ActorSockets.Host.Reporting;

/// <summary>The terminal behind stderr. Asked without .NET's console, which writes control sequences to stdout by itself.</summary>
internal static partial class Terminal
{
    private const int StandardError = 2;

    // Less is no room for a row that says anything.
    private const int NarrowestTable = 30;

    /// <summary>Whether there is one that a table can be kept up to date on.</summary>
    public static bool IsThere => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null)
        && Size.Width >= NarrowestTable;

    /// <summary>Whether what is printed on stdout lands on a terminal too.</summary>
    public static bool TakesData => !Console.IsOutputRedirected;

    /// <summary>Columns and rows; 80 by 24 where nobody knows.</summary>
    public static (int Width, int Height) Size
    {
        get
        {
            const nuint GetWindowSize = 0x5413;
            if (OperatingSystem.IsLinux() && IoControl(StandardError, GetWindowSize, out var size) == 0 && size is { Columns: > 0, Rows: > 0 })
                return (size.Columns, size.Rows);
            return OperatingSystem.IsWindows() ? (Console.WindowWidth, Console.WindowHeight) : (80, 24);
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoControl(int descriptor, nuint request, out WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthInPixels;
        public ushort HeightInPixels;
    }
}
