using System.Runtime.InteropServices;

namespace ActorSockets.Host.Reporting;

/// <summary>The terminal behind stderr. Not through .NET's console, which writes control sequences to stdout by itself.</summary>
internal static partial class Terminal
{
    private const int StandardError = 2;

    /// <summary>Columns that a row of the live table needs at least.</summary>
    public const int NarrowestTable = 30;

    /// <summary>Whether stderr is a terminal that can show a live table.</summary>
    public static bool IsThere => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null)
        && Size.Width >= NarrowestTable;

    /// <summary>Whether stdout is a terminal too.</summary>
    public static bool TakesData => !Console.IsOutputRedirected;

    /// <summary>Whether lines on stderr carry their time: into a file or pipe, but not into the journal, which adds its own.</summary>
    public static bool WantsTimestamps => Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM"));

    /// <summary>Whether the process belongs to a terminal; a service does not, and no process does after its terminal was closed.</summary>
    public static bool IsControlling
    {
        get
        {
            try
            {
                File.OpenHandle("/dev/tty").Dispose();
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Columns and rows; 80 and 24 where the terminal does not know them.</summary>
    public static (int Width, int Height) Size
    {
        get
        {
            const nuint GetWindowSize = 0x5413;
            if (OperatingSystem.IsLinux() && IoControl(StandardError, GetWindowSize, out var size) == 0)
                return (size.Columns > 0 ? size.Columns : 80, size.Rows > 0 ? size.Rows : 24);
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
