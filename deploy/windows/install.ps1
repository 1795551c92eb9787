#Requires -RunAsAdministrator
<#
.SYNOPSIS
Installs openIMIS on Windows as services, beside the legacy application and without containers.

.DESCRIPTION
Copies the programs, makes one service each for backend, ibackend, worker and gateway, and gives each the settings of its
file in the folder Settings (NAME=value lines, # for comments). Run it again after an upgrade or after changing settings:
it stops the services, replaces what changed, and starts them one after the other. -Remove takes the services away and
leaves settings and data.

.EXAMPLE
.\install.ps1 -Settings C:\openIMIS\settings

.EXAMPLE
.\install.ps1 -Remove
#>
param(
    [string]$Target = "$env:ProgramFiles\openIMIS",
    [string]$Data = "$env:ProgramData\openIMIS",
    [string]$Settings = "$env:ProgramData\openIMIS\settings",
    [switch]$Remove
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3

$services = [ordered]@{
    'openimis-backend'  = @{ Program = 'server.exe';  Arguments = 'serve';  File = 'api.env';     Title = 'openIMIS backend (api)' }
    'openimis-ibackend' = @{ Program = 'server.exe';  Arguments = 'serve';  File = 'iapi.env';    Title = 'openIMIS ibackend (iapi)' }
    'openimis-worker'   = @{ Program = 'server.exe';  Arguments = 'worker'; File = 'worker.env';  Title = 'openIMIS worker' }
    'openimis-gateway'  = @{ Program = 'gateway.exe'; Arguments = 'serve';  File = 'gateway.env'; Title = 'openIMIS gateway' }
}

function Stop-IfThere([string]$name) {
    if (Get-Service $name -ErrorAction SilentlyContinue) { Stop-Service $name -Force }
}

if ($Remove) {
    foreach ($name in $services.Keys) {
        Stop-IfThere $name
        if (Get-Service $name -ErrorAction SilentlyContinue) { & sc.exe delete $name | Out-Null }
    }
    Write-Host "The services are removed. Settings and data stay in $Data."
    exit 0
}

# Settings come from files: NAME=value. database.env holds for all services.
function Read-Settings([string]$path) {
    if (-not (Test-Path $path)) { return @() }
    Get-Content $path -Encoding UTF8 | Where-Object { $_ -match '^\s*[A-Za-z_][A-Za-z0-9_]*=' } | ForEach-Object { $_.Trim() }
}

New-Item -ItemType Directory -Force $Target, $Data, $Settings | Out-Null
# Settings hold passwords: only administrators and the services read them.
& icacls.exe $Data /inheritance:r /grant 'Administrators:(OI)(CI)F' 'SYSTEM:(OI)(CI)F' 'LOCAL SERVICE:(OI)(CI)M' | Out-Null

foreach ($name in $services.Keys) { Stop-IfThere $name }
foreach ($program in 'server.exe', 'gateway.exe') {
    Copy-Item (Join-Path $PSScriptRoot $program) $Target -Force
}
foreach ($name in $services.Keys) {
    $s = $services[$name]
    $file = Join-Path $Settings $s.File
    if (-not (Test-Path $file)) { Write-Warning "$file is missing: $name is not installed."; continue }
    $command = '"{0}" {1}' -f (Join-Path $Target $s.Program), $s.Arguments
    if (-not (Get-Service $name -ErrorAction SilentlyContinue)) {
        New-Service -Name $name -BinaryPathName $command -DisplayName $s.Title -StartupType Automatic | Out-Null
    }
    & sc.exe config $name obj= 'NT AUTHORITY\LocalService' binPath= $command start= delayed-auto | Out-Null
    & sc.exe failure $name reset= 86400 actions= restart/2000/restart/5000/restart/30000 | Out-Null
    $environment = @("DATA_DIR=$Data\$name", "LOG_FILE=$Data\logs\$name.log") + @(Read-Settings (Join-Path $Settings 'database.env')) + @(Read-Settings $file)
    Set-ItemProperty "HKLM:\SYSTEM\CurrentControlSet\Services\$name" -Name Environment -Type MultiString -Value $environment
    New-EventLog -LogName Application -Source $name -ErrorAction SilentlyContinue
    Start-Service $name
    Write-Host "$name runs."
}
