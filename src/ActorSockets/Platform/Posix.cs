using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Platform;

/// <summary>What .NET 10 does not offer of the file system, from the C library. Does nothing on Windows.</summary>
internal static class Posix
{
    /// <summary>
    /// File handles that sockets leave free: for the runtime, and for the burst that a listener accepts before the first of
    /// it is given up again.
    /// </summary>
    private const int ReservedHandles = 128;

    // Assemblies that are yet to be loaded, the thread pool, the dispatcher.
    private const int ReservedForStart = 192;

    // SIGXFSZ of Linux on x86 and ARM, of macOS and the BSDs.
    private const int FileSizeLimitExceeded = 25;

    // Held for the life of the process: a registration that is collected is none.
    private static readonly Lazy<PosixSignalRegistration?> SizeLimitIgnored = new(() => OperatingSystem.IsWindows()
        ? null
        : PosixSignalRegistration.Create((PosixSignal)FileSizeLimitExceeded, signal => signal.Cancel = true));

    // errno(3)
    private const int NoSuchFile = 2;
    private const int FileTooLarge = 27;

    private const int ReadOnly = 0;
    private const int SeekCurrent = 1;
    private const int MayEnter = 1;
    private const int MayWrite = 2;
    private const int MayRead = 4;

    // RLIMIT_NOFILE, which .NET raises to the hard limit when it starts.
    private static readonly long HandleLimit = ReadHandleLimit();

    // O_NONBLOCK of Linux, and of macOS and the BSDs.
    private static readonly int NonBlocking = OperatingSystem.IsLinux() ? 0x800 : 0x4;

    /// <summary>
    /// A rename is on the disk only when its directory is flushed too (fsync(2), notes), and .NET opens no directories.
    /// Windows flushes directory entries with its journal.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void FlushDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
            return;

        var handle = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnly);
        if (handle < 0)
            throw Failed(directory);
        var flushed = Fsync(handle);
        var failure = flushed < 0 ? Failed(directory) : null;
        _ = Close(handle);
        if (failure is not null)
            throw failure;
    }

    /// <summary>Whether this process may create files in a directory. True on Windows, where only trying tells.</summary>
    public static bool IsWritable(string directory) =>
        OperatingSystem.IsWindows() || Access(Encoding.UTF8.GetBytes(directory + '\0'), MayWrite | MayEnter) == 0;

    /// <summary>Whether this process may read a file. True on Windows, where only trying tells.</summary>
    public static bool IsReadable(string file) => OperatingSystem.IsWindows() || Access(Encoding.UTF8.GetBytes(file + '\0'), MayRead) == 0;

    /// <summary>
    /// Whether a file has positions: a pipe has none, and opening one as .NET does blocks a thread until somebody writes.
    /// True for what cannot be opened: opening it in earnest will say why.
    /// </summary>
    public static bool HasPositions(string path)
    {
        if (OperatingSystem.IsWindows())
            return true;

        var handle = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly | NonBlocking);
        if (handle < 0)
            return true;
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        return Seek(handle, 0, SeekCurrent) >= 0;
    }

    /// <summary>
    /// Whether a handle that was just opened is among the last ones that the process may have. The kernel gives the lowest
    /// free number, so a high one tells that all below are taken. They are left to the runtime: .NET 10 ends with "Out of
    /// memory" when its collector cannot open /proc/self/status.
    /// </summary>
    public static bool IsAmongTheLast(SafeHandle handle) => handle.DangerousGetHandle() >= HandleLimit - ReservedHandles;

    /// <summary>Whether the disk or a quota has no room for a write.</summary>
    public static bool IsDiskFull(Exception e) =>
        // ENOSPC; EDQUOT of Linux, of macOS and the BSDs; ERROR_DISK_FULL.
        e is IOException { HResult: 28 or 122 or 69 or unchecked((int)0x80070070) };

    /// <summary>Renames a file in one step, unless something has the new name: a link that points nowhere counts too.</summary>
    /// <returns>Whether it was renamed.</returns>
    /// <exception cref="IOException">It cannot be renamed for another reason.</exception>
    public static bool TryRename(string from, string to)
    {
        try
        {
            if (OperatingSystem.IsLinux() && RenameNoReplace(from, to) is { } renamed)
                return renamed;
            File.Move(from, to, overwrite: false);
            return true;
        }
        catch (IOException) when (IsThere(to) && File.Exists(from))
        {
            return false;
        }
    }

    /// <summary>Whether something has that name. A link is not followed.</summary>
    public static bool IsThere(string path) => new FileInfo(path) is { } file && (file.Exists || file.LinkTarget is not null || Directory.Exists(path));

    /// <summary>Whether a file could not be opened because another process has locked it.</summary>
    public static bool IsLockedByAnother(IOException e) =>
        // EWOULDBLOCK of Linux, of macOS and the BSDs; ERROR_SHARING_VIOLATION.
        e.HResult is 11 or 35 || e.HResult == unchecked((int)0x80070020);

    /// <summary>The first bytes of a file that another process has locked, as text; null when it cannot be read. .NET asks for a lock to read too.</summary>
    public static string? ReadLocked(string path, int most)
    {
        if (OperatingSystem.IsWindows())
            return null;

        var handle = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly | NonBlocking);
        if (handle < 0)
            return null;
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        var bytes = new byte[most];
        return Encoding.ASCII.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
    }

    /// <summary>Whether .NET throws this for a file system call that failed.</summary>
    public static bool IsFileError(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    /// <summary>What the system said, as strerror(3) has it: .NET's own texts repeat the path, or leave the reason out.</summary>
    public static string Reason(Exception e) => e switch
    {
        _ when OperatingSystem.IsWindows() => e.Message,
        UnauthorizedAccessException { InnerException: { } inner } => Reason(inner),
        FileNotFoundException or DirectoryNotFoundException => new Win32Exception(NoSuchFile).Message,
        // EFBIG: the file system's limit, or that of ulimit -f.
        ArgumentOutOfRangeException => new Win32Exception(FileTooLarge).Message,
        // The number is errno itself; .NET's own ones are negative.
        { HResult: > 0 } => new Win32Exception(e.HResult).Message,
        _ => e.Message,
    };

    /// <summary>
    /// A write beyond the limit of ulimit -f fails with EFBIG instead of ending the process, which is what SIGXFSZ does
    /// otherwise (setrlimit(2)).
    /// </summary>
    public static void SurviveFileSizeLimit() => _ = SizeLimitIgnored.Value;

    /// <summary>How many handles there are for attempts, counted once at the start.</summary>
    public static long SpareHandles() =>
        HandleLimit - ReservedForStart - (OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : ReservedForStart);

    /// <summary>renameat2(2) with RENAME_NOREPLACE; null where the kernel, the file system or the C library has none.</summary>
    private static bool? RenameNoReplace(string from, string to)
    {
        const int AtWorkingDirectory = -100, NoReplace = 1, AlreadyThere = 17, InvalidArgument = 22, NotImplemented = 38;
        try
        {
            if (RenameAt(AtWorkingDirectory, Encoding.UTF8.GetBytes(from + '\0'), AtWorkingDirectory, Encoding.UTF8.GetBytes(to + '\0'), NoReplace) == 0)
                return true;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            AlreadyThere => false,
            InvalidArgument or NotImplemented => null,
            var error => throw new IOException(new Win32Exception(error).Message, error),
        };
    }

    private static long ReadHandleLimit()
    {
        if (OperatingSystem.IsWindows())
            return long.MaxValue;

        const int OfLinux = 7, OfMacOS = 8;
        var limits = new ulong[2];
        return GetLimit(OperatingSystem.IsLinux() ? OfLinux : OfMacOS, limits) == 0 ? (long)Math.Min(limits[0], long.MaxValue) : long.MaxValue;
    }

    private static IOException Failed(string directory) =>
        new($"{directory} cannot be flushed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "renameat2", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameAt(int fromDirectory, byte[] from, int toDirectory, byte[] to, uint flags);

    [DllImport("libc", EntryPoint = "access"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Access(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "getrlimit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, [Out] ulong[] limits);

    [DllImport("libc", EntryPoint = "lseek"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(int handle, long offset, int origin);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int handle);

    [DllImport("libc", EntryPoint = "close"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
